// Runs workers in plain workerd: no wrangler, no proxy in between, nothing but the runtime and the
// worker.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { scratch } from "../lib/memory.mjs";
import { modules } from "../lib/modules.mjs";
import { Stop, below, end, root, start } from "../lib/run.mjs";
import { compile } from "../lib/worker.mjs";

/** Requires what wrangler brings: the runtime that it also runs, and Miniflare. */
export const fromWrangler = createRequire(createRequire(import.meta.url).resolve("wrangler"));
const { default: workerd, version: workerdVersion } = fromWrangler("workerd");
export { workerdVersion };

const COMPATIBILITY = "2026-11-01";

/** What wrangler.toml asks for besides. */
const FLAGS = ["enable_request_signal"];

/** The file descriptor on which workerd says that it listens. */
const CONTROL = 3;

/** Folders in use; none outlives us, however we end. */
const folders = new Set();
const remove = (folder) => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
process.on("exit", () => folders.forEach(remove));

function newFolder() {
  const folder = mkdtempSync(join(scratch(), "vedette-bench-"));
  folders.add(folder);
  return folder;
}

/**
 * The port of the worker, once it listens; the runtime says so itself, so that no polling adds to
 * what is measured.
 */
const listening = (child, said) =>
  new Promise((resolve, reject) => {
    let events = "";
    child.stdio[CONTROL].on("data", (chunk) => {
      events += chunk;
      const [, port] = events.match(/"event":"listen".*"port":(\d+)/) ?? [];
      if (port) resolve(Number(port));
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Stop(`workerd ended at once (${code}):\n${said()}`)));
  });

/**
 * Serves a worker of the checkout in `from`; `objects` are its Durable Object classes, and all that
 * it fetches goes to the address `outbound` if there is one. The Cache API is what answers at the
 * address `cache`; without one it fails.
 */
export async function serve({ entry, texts, from, objects = [], bindings = {}, flags = [], outbound, cache }) {
  const folder = newFolder();
  mkdirSync(join(folder, "disk"));
  const parts = [...modules(entry, texts, from)].map(([name, { kind, content }], index) => {
    writeFileSync(join(folder, `module-${index}`), content);
    return `(name = ${JSON.stringify(name)}, ${kind} = embed "module-${index}")`;
  });
  const bound = [
    ...objects.map((name) => `(name = "${name.toUpperCase()}", durableObjectNamespace = "${name}")`),
    ...Object.entries(bindings).map(([name, text]) => `(name = "${name}", text = ${JSON.stringify(text)})`),
  ];
  const internet = outbound
    ? `(name = "internet", external = (address = ${JSON.stringify(outbound)}, http = ()))`
    : '(name = "internet", network = (allow = ["public", "private", "local"]))';
  const cached = cache && `(name = "cache", external = (address = ${JSON.stringify(cache)}, http = ())),`;
  const classes = objects.map((name) => `(className = "${name}", uniqueKey = "${name}", enableSql = true)`);
  writeFileSync(
    join(folder, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    ${internet},
    ${cached ?? ""}
    (name = "disk", disk = (path = ${JSON.stringify(join(folder, "disk"))}, writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  compatibilityDate = "${COMPATIBILITY}",
  compatibilityFlags = ${JSON.stringify(flags)},
  modules = [${parts.join(", ")}],
  durableObjectNamespaces = [${classes.join(", ")}],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [${bound.join(", ")}],
  ${cached ? 'cacheApiOutbound = "cache",' : ""}
);
`,
  );
  const begun = performance.now();
  const child = start(workerd, ["serve", `--control-fd=${CONTROL}`, join(folder, "config.capnp")], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said = (said + chunk).slice(-4000)));
  const url = `http://127.0.0.1:${await listening(child, () => said)}`;
  const self = { url, pid: child.pid, begun, listened: performance.now() };
  self.stop = async () => {
    await end(child);
    remove(folder);
    folders.delete(folder);
  };
  self.get = (path, init) => fetch(url + path, { redirect: "manual", signal: AbortSignal.timeout(10_000), ...init });
  return self;
}

/** Compiles a configuration, as the checkout in `folder` does it. */
export function configured(toml, folder = root) {
  const file = join(newFolder(), "vedette.toml");
  writeFileSync(file, toml);
  const { good, text, compiled } = compile(file, { folder });
  if (!good) throw new Stop(text);
  return compiled;
}

/**
 * Serves the built worker of the checkout in `folder`, or a variant of it, on a configuration that
 * was compiled there. `changed` may change the text of its entry.
 */
export async function serveVedette(
  config,
  { build = "build", flags = FLAGS, folder = root, cache, bindings = {}, changed = (text) => text } = {},
) {
  if (!existsSync(join(folder, build, "index_bg.wasm"))) throw new Stop(`There is no built worker in ${folder}; run npm run build there.`);
  return serve({
    entry: "entry.mjs",
    texts: {
      "entry.mjs": changed(readFileSync(join(folder, "entry.mjs"), "utf8").replaceAll('"./build/', `"./${build}/`)),
      [`${build}/config.txt`]: config,
    },
    from: folder,
    objects: ["Vantage", "Arbiter"],
    bindings: { VEDETTE_LOCAL: "1", ...bindings },
    flags,
    cache,
  });
}

/** Waits until `check` gives something truthy. */
export async function until(what, check, deadlineMs = 30_000, everyMs = 20) {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const found = await Promise.resolve(check()).catch(() => undefined);
    if (found) return found;
    if (Date.now() > deadline) throw new Stop(`Not within ${deadlineMs} ms: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** An origin in a process of its own. */
export async function originProcess(port) {
  const child = start(process.execPath, [below("scripts", "bench", "origin.mjs"), String(port)], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve, reject) => {
    child.stdout.once("data", resolve);
    child.once("exit", () => reject(new Stop(`The origin on port ${port} ended at once.`)));
  });
  return { pid: child.pid, port, stop: () => end(child) };
}

/** A configuration with one pool that has no origins yet. */
export const pool = ({ timeout = "500ms", vantages = ["weur", "enam", "apac"] } = {}) => `
[defaults]
interval = "1s"
fast_interval = "1s"
timeout = "${timeout}"
fall = 2
rise = 2
vantages = ${JSON.stringify(vantages)}

[[pool]]
name = "shop"
expose_urls = true
probe = { path = "/health" }
`;

/** A configuration with one pool of two origins. */
export const shop = ([primary, standby], settings) => `${pool(settings)}
  [[pool.origin]]
  name = "primary"
  url = "http://127.0.0.1:${primary}"

  [[pool.origin]]
  name = "standby"
  url = "http://127.0.0.1:${standby}"
  priority = 1
`;

/**
 * CPU time of a process so far, of all its threads, in milliseconds; Linux counts it in
 * nanoseconds, others do not say.
 */
export function cpu(pid) {
  if (!existsSync(`/proc/${pid}/schedstat`)) return NaN;
  const threads = readdirSync(`/proc/${pid}/task`);
  const spent = threads.map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]));
  return spent.reduce((sum, one) => sum + one, 0) / 1e6;
}
