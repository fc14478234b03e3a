// The worker without `wrangler dev`, for tests that are not about a laptop: the same modules,
// configuration and storage, in the runtime and the simulators that wrangler itself starts. There
// is no bundler, which never rests, and no second runtime in front.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { SECRETS, SETTINGS, layOutHere, wakeEachMinute } from "../../cli/laptop.mjs";
import { fromWrangler } from "../../scripts/bench/plain.mjs";
import { modules } from "../../scripts/lib/modules.mjs";

/** The types of modules, as their kinds are called here. */
const TYPES = { esModule: "esm", wasm: "wasm", text: "text" };

const manifest = (main, folder) => ({
  mainModule: main,
  modulesRoot: folder,
  modules: Object.fromEntries(
    [...modules(main, {}, folder)].map(([name, { kind, content }]) => [name, { type: TYPES[kind], contents: content }]),
  ),
});

/** What the worker finds in its environment, of what wrangler would read in a folder. */
function environment(wanted, folder) {
  const secrets = join(folder, SECRETS);
  const texts = { ...wanted.vars, ...(existsSync(secrets) ? parseEnv(readFileSync(secrets, "utf8")) : {}) };
  return Object.fromEntries([
    ...Object.entries(texts).map(([name, value]) => [name, { type: "text", value }]),
    ...wanted.kv_namespaces.map(({ binding, id }) => [binding, { type: "kv", id }]),
    ...wanted.ratelimits.map(({ name, namespace_id: namespace, simple }) => [name, { type: "rate-limit", namespace, simple }]),
    ...wanted.durable_objects.bindings.map(({ name, class_name: exportName }) => [
      name,
      { type: "durable-object", worker: wanted.name, exportName },
    ]),
  ]);
}

/** The worker that wrangler would make of a folder. */
function worker(folder) {
  const wanted = JSON.parse(readFileSync(join(folder, SETTINGS), "utf8"));
  const classes = wanted.migrations.flatMap(({ new_sqlite_classes: names }) => names);
  return {
    config: {
      name: wanted.name,
      compatibilityDate: wanted.compatibility_date,
      compatibilityFlags: wanted.compatibility_flags,
      manifest: manifest(wanted.main, folder),
      env: environment(wanted, folder),
      exports: Object.fromEntries(classes.map((name) => [name, { type: "durable-object", storage: "sqlite" }])),
    },
  };
}

/**
 * Runs the worker with `compiled`, as `runHere` does it on a laptop; `log` takes each line that it
 * says. Comes back once it was woken, with `{ stop }`.
 */
export async function serveWithoutWrangler(laptop, compiled, log) {
  const { Miniflare } = await import(fromWrangler.resolve("miniflare"));
  const runtime = new Miniflare({
    host: "127.0.0.1",
    port: laptop.port,
    resourcePersistencePath: join(laptop.state, "data", "v3"),
    unsafeTriggerHandlers: true,
    // Else it would ask the platform where it is.
    cf: false,
    logRequests: false,
    telemetry: { enabled: false },
    handleStructuredLogs: ({ message }) => log(`${message}\n`),
    workers: [worker(layOutHere(laptop, compiled))],
  });
  let rest = () => {};
  const stop = () => (rest(), runtime.dispose());
  try {
    await runtime.ready;
    rest = await wakeEachMinute(`http://127.0.0.1:${laptop.port}`);
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
