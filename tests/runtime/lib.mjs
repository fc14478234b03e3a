// What the runtime tests share: a worker in workerd, origins, and waiting on a condition.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scratch } from "../../scripts/lib/memory.mjs";
import { freePort, isFree } from "../../scripts/lib/ports.mjs";
import { endOnSignals, root, start } from "../../scripts/lib/run.mjs";
import { python } from "../../scripts/lib/setup.mjs";
import { compile } from "../../scripts/lib/worker.mjs";
import { serveWithoutWrangler } from "./miniflare.mjs";

export { root };
export { python };

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Thrown by a check that can never come true any more. */
class Hopeless extends Error {}

/** How soon a check is tried again, in milliseconds: at once at first, then ever more seldom. */
const AGAIN = { first: 20, longer: 1.3, most: 200 };

/**
 * Polls until `check` gives something truthy; fails with what it last saw when the deadline passes.
 */
export async function until(what, check, deadlineMs = 30_000) {
  const deadline = Date.now() + deadlineMs;
  let wait = AGAIN.first;
  for (let last; ; ) {
    try {
      const found = await check((seen) => (last = seen));
      if (found) return found;
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      last = error.message;
    }
    if (Date.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}; last seen: ${JSON.stringify(last)}`);
    await pause(wait);
    wait = Math.min(wait * AGAIN.longer, AGAIN.most);
  }
}

/** Waits until a worker's log has a line: it comes by another way than the answer, and later. */
export const logs = (worker, pattern) =>
  until(`the log has ${pattern}`, async (see) => pattern.test(worker.said()) || void see(worker.said().slice(-400)));

// A test that is ended leaves nothing behind.
endOnSignals();

/** Starts a process in a group of its own and collects what it says. */
function launch(command, args, options) {
  const child = start(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  child.said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (child.said += chunk));
  child.ended = new Promise((resolve) => child.on("exit", (code, signal) => resolve({ code, signal })));
  return child;
}

function kill(child, name) {
  try {
    process.kill(-child.pid, name);
  } catch {
    // It has ended already.
  }
}

async function finish(child) {
  kill(child, "SIGTERM");
  const hard = setTimeout(() => kill(child, "SIGKILL"), 8000);
  await child.ended;
  clearTimeout(hard);
}

/** Processes below `pid`, the deepest last. */
export function descendants(pid) {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const [, parent] = readFileSync(`/proc/${name}/stat`, "utf8").split(") ")[1].split(" ");
        return [{ pid: Number(name), parent: Number(parent) }];
      } catch {
        return [];
      }
    });
  const children = parents.filter(({ parent }) => parent === pid).map((found) => found.pid);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

/** Whether a process still runs; one that has ended and waits to be collected does not. */
export function runs(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1][0] !== "Z";
  } catch {
    return false;
  }
}

/**
 * Ends a process and all below it without a warning, as a power cut would; until the last of them
 * is gone, its port is taken.
 */
async function cut(child) {
  // The parent goes first: one that sees what it started go ends in order, and tidies up.
  const all = [child.pid, ...descendants(child.pid)];
  for (const pid of all) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It went with its parent.
    }
  }
  await child.ended;
  await until("all of it has ended", (see) => see(all.filter(runs)).length === 0);
}

/** Runs a command to its end; one that does not end by itself is ended by force. */
export async function finished(command, args, options, deadlineMs = 60_000) {
  const child = launch(command, args, options);
  // Only "close" comes after the last word.
  const closed = new Promise((resolve) => child.on("close", (code) => resolve(code)));
  const hard = setTimeout(() => cut(child), deadlineMs);
  const code = await closed;
  clearTimeout(hard);
  return { code, said: child.said };
}

/** Starts a program; the caller stops it. What it says is in `said`. */
export function program(command, args, options) {
  const child = launch(command, args, options);
  child.stop = () => finish(child);
  return child;
}

/**
 * Runs `scripts/dev.mjs` to its end; for starts that are refused. It brings its build, so that it
 * waits for no cargo.
 */
export const refusedStart = (env) =>
  finished(process.execPath, [join(root, "scripts", "dev.mjs")], {
    env: { ...process.env, VEDETTE_BUILD: join(root, "build"), ...env },
  });

/** What wrangler offers who looks at a worker by hand, and nobody here: a third of its CPU. */
const UNSEEN = { X_LOCAL_EXPLORER: "false", X_LOCAL_OBSERVABILITY: "false" };

/** Runs a worker as a user does it, with `npm run dev`: `{ pid, said, stop, kill9 }`. */
async function onLaptop({ file, folder, port, build, env }) {
  const settings = { VEDETTE_CONFIG: file, VEDETTE_STATE: join(folder, "state"), VEDETTE_BUILD: build, PORT: String(port), ...UNSEEN };
  const child = launch(process.execPath, [join(root, "scripts", "dev.mjs")], { env: { ...process.env, ...settings, ...env } });
  const run = { pid: child.pid, said: () => child.said, stop: () => finish(child), kill9: () => cut(child) };
  try {
    await until(
      "the worker listens",
      (see) => {
        see(child.said.slice(-2000));
        if (child.exitCode !== null) throw new Hopeless(`the worker ended: ${child.said}`);
        return child.said.includes("vedette listens on");
      },
      60_000,
    );
    return run;
  } catch (error) {
    await run.stop();
    throw error;
  }
}

/** The runtime below this process that listens on a port, as its arguments say. */
const listener = (port) =>
  descendants(process.pid).find((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`=127.0.0.1:${port}\0`));

/** What a worker reads of `env` that is started without wrangler, as `scripts/dev.mjs` reads it. */
function settingsOf({ VEDETTE_SECRETS = "", VEDETTE_BUILD, VEDETTE_AS_DEPLOYED, VEDETTE_LIMITERS, ...others }) {
  assert.deepEqual(others, {}, "these need a `laptop`");
  return { secrets: VEDETTE_SECRETS, build: VEDETTE_BUILD, asDeployed: VEDETTE_AS_DEPLOYED, limiters: VEDETTE_LIMITERS };
}

/** Runs a worker from here, without what wrangler has besides: `{ pid, said, stop, kill9 }`. */
async function withoutWrangler({ file, folder, port, build, env }) {
  const { good, text, compiled } = compile(file);
  if (!good) throw new Error(text);
  const settings = settingsOf({ VEDETTE_BUILD: build, ...env });
  let said = "";
  const served = await serveWithoutWrangler({ ...settings, port, state: join(folder, "state") }, compiled, (line) => (said += line));
  const pid = listener(port);
  let ended;
  const stop = () => (ended ??= served.stop());
  const kill9 = async () => {
    process.kill(pid, "SIGKILL");
    await until("the runtime has ended", () => !runs(pid));
    await stop();
  };
  return { pid, said: () => said, stop, kill9 };
}

/**
 * Starts the worker on a configuration; the caller stops it. Those of a `laptop` are started by
 * wrangler, as users do it, which takes five times the CPU. Only they see that their configuration
 * is edited.
 */
export async function startWorker(config, { build = "build", env = {}, laptop = false, port } = {}) {
  const folder = mkdtempSync(join(scratch(), "vedette-"));
  const file = join(folder, "vedette.toml");
  writeFileSync(file, config);
  port ??= await freePort();
  const url = `http://127.0.0.1:${port}`;
  const worker = { url, folder, file, port };
  const settings = { file, folder, port, build: join(root, build), env };
  let run;
  worker.start = async () => {
    // A process that was killed may be gone before the system has let go of its port.
    await until("its port is free", () => isFree(port));
    run = await (laptop ? onLaptop : withoutWrangler)(settings);
    worker.pid = run.pid;
  };
  worker.get = (path, init) => fetch(url + path, { redirect: "manual", signal: AbortSignal.timeout(10_000), ...init });
  worker.json = async (path) => (await worker.get(path)).json();
  worker.text = async (path) => (await worker.get(path)).text();
  worker.said = () => run.said();
  worker.edit = (text) => {
    assert.ok(laptop, "nobody else looks at the file again");
    writeFileSync(file, text);
  };
  worker.kill9 = () => run.kill9();
  /** Ends it as Ctrl-C does and starts it again on the same state. */
  worker.restart = async () => {
    await run.stop();
    await worker.start();
  };
  worker.stop = async () => {
    await run?.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await worker.start();
  } catch (error) {
    // The test has no worker to stop yet.
    await worker.stop();
    throw error;
  }
  return worker;
}

/** What `work` makes of the database of a worker's Arbiter; of a stopped one it may be written. */
export async function inStorage(worker, work, { readOnly = true } = {}) {
  // Its first mention warns that it is an experiment of Node.js.
  const { DatabaseSync } = await import("node:sqlite");
  const objects = join(worker.folder, "state", "data", "v3", "do");
  const [folder] = readdirSync(objects).filter((name) => name.endsWith("Arbiter"));
  const files = readdirSync(join(objects, folder)).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name));
  assert.equal(files.length, 1, "there is one Arbiter");
  const database = new DatabaseSync(join(objects, folder, files[0]), { readOnly });
  try {
    return work(database);
  } finally {
    database.close();
  }
}

/**
 * The changes of verdicts that the Arbiter of a worker has stored, oldest first: `{ at, subject,
 * from, to, reason }`. They are read from its storage, since what is shown of them is gathered to
 * outages.
 */
export const storedChanges = (worker) =>
  inStorage(worker, (database) => {
    const rows = database.prepare("SELECT body FROM v1_events ORDER BY id").all();
    return rows.map(({ body }) => JSON.parse(body));
  });

/** A sample origin of examples/origin, for real. */
export async function sampleOrigin(name, database, port) {
  port ??= await freePort();
  const args = ["-m", "origin", "serve", "--port", String(port), "--name", name, "--allow-misbehave", "--database", database];
  const child = launch(python, args, { cwd: join(root, "examples", "origin") });
  const [, found] = await until(`${name} listens`, (see) => {
    see(child.said);
    return child.said.match(/listens on http:\/\/127\.0\.0\.1:(\d+)/);
  });
  return { port: Number(found), child, kill9: async () => (kill(child, "SIGKILL"), child.ended), stop: () => finish(child) };
}

/** A small database for the sample origins. */
export async function sampleDatabase() {
  const folder = mkdtempSync(join(tmpdir(), "vedette-orders-"));
  const database = join(folder, "orders.db");
  const args = ["-m", "origin", "seed", "--database", database, "--orders", "2000"];
  await launch(python, args, { cwd: join(root, "examples", "origin") }).ended;
  if (!existsSync(database)) throw new Error("the sample database was not made");
  return { database, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Somebody with a token, and its entry in a secret, as `vedette token` makes both. */
export function person(name) {
  const token = `vdt_${randomBytes(32).toString("base64url")}`;
  return { token, entry: `${name}:${createHash("sha256").update(token).digest("hex")}` };
}

/**
 * An origin that does what the test says: `answer(request, response)` may be replaced at any time.
 */
export async function origin(answer, host = "127.0.0.1") {
  const self = { answer, requests: [], host };
  const server = createServer((request, response) => {
    const { url: path, headers } = request;
    self.requests.push({ at: Date.now(), path, vantage: headers["vedette-vantage"], headers });
    self.answer(request, response);
  });
  self.port = await freePort();
  await new Promise((resolve) => server.listen(self.port, host, resolve));
  self.stop = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return self;
}

/** The usual answers of an origin. */
export const answers = {
  ok: (_, response) => response.end('{"ok":true}'),
  broken: (_, response) => response.writeHead(500).end("no"),
};

/**
 * A configuration of pools, one origin or more each; one probe a second. `settings` has further
 * lines of pools by name.
 */
export function config(pools, { vantages = ["weur", "enam", "apac"], settings = {} } = {}) {
  const list = JSON.stringify(vantages);
  const head = `[defaults]\ninterval = "1s"\nfast_interval = "1s"\ntimeout = "500ms"\nfall = 2\nrise = 2\nvantages = ${list}\n`;
  const pool = ([name, ports]) =>
    `\n[[pool]]\nname = "${name}"\n${settings[name] ?? ""}\nexpose_urls = true\n` +
    'probe = { path = "/health" }\nexpect = { body_contains = "\\"ok\\":true" }\n' +
    Object.entries(ports)
      .map(([origin, port], index) => `[[pool.origin]]\nname = "${origin}"\nurl = "http://127.0.0.1:${port}"\npriority = ${index}\n`)
      .join("");
  return head + Object.entries(pools).map(pool).join("");
}
