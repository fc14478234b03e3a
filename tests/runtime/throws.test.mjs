// The platform throws where it hardly ever does: at each call that src/edge/caught.rs makes in the
// stead of the crate `worker`. The call fails, the wasm instance lives, no alarm hangs, and the
// next call succeeds.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { rests } from "./explained.mjs";
import { answers, config, logs, origin, root, startWorker, until } from "./lib.mjs";
import { stream } from "./stream.mjs";

/**
 * Stands between `entry.mjs` and the wasm worker: what the header `test-throws` of a request names
 * throws in this isolate, until the next such header. Each throw is said in the log.
 */
const throwing = `
export * from "./real.js";
import * as real from "./real.js";

let names = [];
const thrown = new Map();

/** Throws if it is to; otherwise does what was asked for. */
const unless = (name, work) => {
  if (!names.includes(name)) return work();
  thrown.set(name, (thrown.get(name) ?? 0) + 1);
  console.log(JSON.stringify({ thrown: name }));
  throw new TypeError(name + " throws on purpose");
};

/** The same object, but for some members; what belongs to it is called on it. */
const double = (real, members) =>
  new Proxy(real, {
    get(_, name) {
      if (name in members) return members[name];
      const value = Reflect.get(real, name, real);
      return typeof value === "function" ? value.bind(real) : value;
    },
  });

const methods = (real, ...list) =>
  Object.fromEntries(list.map((name) => [name, (...args) => unless(name, () => real[name](...args))]));

/** Rows that fail at the first or at a later one. */
const rowsOf = (cursor) => {
  const rows = unless("raw", () => cursor.raw());
  return { [Symbol.iterator]: () => ({ next: () => unless("row", () => rows.next()) }) };
};

function state(real) {
  const { storage } = real;
  const { sql } = storage;
  const exec = (...args) => {
    const cursor = unless("exec", () => sql.exec(...args));
    return double(cursor, { raw: () => rowsOf(cursor) });
  };
  return double(real, {
    storage: double(storage, { sql: double(sql, { exec }), ...methods(storage, "transactionSync", "setAlarm", "put", "get") }),
    ...methods(real, "waitUntil", "acceptWebSocket", "getWebSockets", "setWebSocketAutoResponse"),
  });
}

const doubled = (Inner) =>
  class {
    constructor(real, env) {
      this.inner = new Inner(state(real), env);
    }
    fetch(request) {
      return this.inner.fetch(request);
    }
    alarm() {
      return this.inner.alarm();
    }
  };

export const Arbiter = doubled(real.Arbiter);
export const Vantage = doubled(real.Vantage);

const context = (ctx) => double(ctx, methods(ctx, "waitUntil"));
export const answer = (request, env, ctx, hits) => {
  names = request.headers.get("test-throws")?.split(",") ?? names;
  return real.answer(request, env, context(ctx), hits);
};

// The cache, and the readers of bodies.
const { default: cache } = caches;
const copies = double(cache, methods(cache, "match", "put"));
Object.defineProperty(caches, "default", { get: () => unless("default", () => copies) });
const getReader = ReadableStream.prototype.getReader;
ReadableStream.prototype.getReader = function (options) {
  if (options?.mode !== "byob") return getReader.call(this, options);
  const reader = unless("getReader", () => getReader.call(this, options));
  return double(reader, methods(reader, "read"));
};
`;

let folder, primary, standby, worker;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "vedette-throwing-"));
  cpSync(join(root, "build"), folder, { recursive: true });
  renameSync(join(folder, "index.js"), join(folder, "real.js"));
  writeFileSync(join(folder, "index.js"), throwing);
  [primary, standby] = await Promise.all([origin(answers.ok), origin(answers.ok)]);
  worker = await startWorker(config({ shop: { primary: primary.port, standby: standby.port } }), { env: { VEDETTE_BUILD: folder } });
  await settles();
});

after(async () => {
  // Whatever had to crash the instance is a failure of any of these tests.
  const said = worker?.said() ?? "";
  await worker?.stop();
  await Promise.all([primary, standby].map((one) => one?.stop()));
  rmSync(folder, { recursive: true, force: true });
  assert.ok(!said.includes("instance_replaced"), "no instance crashed");
});

/** Has these calls throw from now on. */
const throws = (...names) => worker.get("/livez?now", { headers: { "test-throws": names.join(",") } }).then((answer) => answer.text());

const thrown = (name) => worker.said().split(`{"thrown":"${name}"}`).length - 1;
const events = (event) => worker.said().split(`"event":"${event}"`).length - 1;

/** Nothing throws, the primary is named, all vantages agree; the revision. */
async function settles() {
  await throws();
  primary.answer = answers.ok;
  return rests(worker, "shop", "primary");
}

/** Probes go on, each vantage's alarm rings, and a change of the origin is seen: nothing hangs. */
async function works() {
  await throws();
  const begun = Date.now();
  await until(
    "each vantage probes again",
    (see) => {
      const seen = primary.requests.filter(({ at }) => at > begun);
      return see(new Set(seen.map(({ vantage }) => vantage)).size) === 3 && seen.length >= 6;
    },
    30_000,
  );
  await settles();
}

/** Has a change be told while `names` throw, and waits until each of `awaited` has. */
async function failWhile(names, change, awaited = names) {
  const before = awaited.map(thrown);
  await throws(...names);
  await change();
  await until(`each has thrown: ${awaited}`, async (see) => {
    await worker
      .get("/health/shop?now", { signal: AbortSignal.timeout(5_000) })
      .then((answer) => answer.text())
      .catch(() => {});
    return see(awaited.map(thrown)).every((count, index) => count > before[index]);
  });
}

const breaks = () => (primary.answer = answers.broken);

test("a row that cannot be written: the transaction fails, nothing of it is said, and it is written later", async () => {
  const before = events("arbiter_failed") + events("report_lost");
  await failWhile(["transactionSync"], breaks);
  const { checks } = await worker.json("/health/shop/primary?now");
  assert.equal(checks["shop/primary:verdict"][0].observedValue, "pass", "what could not be stored is not said");
  await until("the failure is in the log", (see) => see(events("arbiter_failed") + events("report_lost")) > before);
  // In the platform's own words.
  await logs(worker, /TypeError: transactionSync throws on purpose/);
  await throws();
  await until("the origin fails", async (see) => see(await worker.json("/route/shop?now")).origin === "standby");
  await works();
});

for (const name of ["exec", "raw", "row"]) {
  test(`a database that cannot be read (${name}): the Arbiter fails, and comes to life again`, async () => {
    // What could not be written is forgotten, so the next call reads. What is kept of the past is
    // read before anything is written, so it may fail there.
    await failWhile(["transactionSync", name], breaks, [name]);
    const known = await worker.get("/health/shop?now", { signal: AbortSignal.timeout(5_000) });
    assert.equal(known.headers.get("vedette-status") === "unknown", false, "readers have the last good copy");
    await works();
  });
}

test("a cache that throws is a layer that has nothing", async () => {
  for (const name of ["default", "match", "put"]) {
    await failWhile([name], () => {});
    assert.equal((await worker.get("/health/shop?now")).status, 200, name);
  }
  await works();
});

test("an invocation that cannot be kept going is answered, and so is the next one", async () => {
  await failWhile(["waitUntil"], breaks);
  assert.ok((await worker.get("/health/shop?now")).headers.get("age"));
  await throws();
  await until("the origin fails", async (see) => see(await worker.json("/route/shop?now")).origin === "standby");
  await works();
});

for (const name of ["acceptWebSocket", "setWebSocketAutoResponse", "getWebSockets"]) {
  test(`a line that cannot be opened (${name}): whoever waits is answered without one, and the next one has it`, async () => {
    const known = await settles();
    const before = events("line_not_opened");
    await throws(name);
    const answer = await worker.get(`/route/shop?wait=1s&revision=${known}`);
    assert.deepEqual([answer.status, answer.headers.get("vedette-revision")], [200, String(known)]);
    assert.ok(thrown(name) > 0);
    assert.ok(events("line_not_opened") > before);
    await throws();
    await follows();
  });
}

/** A stream tells of a failover. */
async function follows() {
  const known = await settles();
  const lines = await stream(worker, "/v1/stream/shop", { "last-event-id": String(known) });
  primary.answer = answers.broken;
  assert.ok((await lines.next()).data.revision > known);
  lines.leave();
  await settles();
}

test("followers who cannot be told of a change: it is stored and served all the same", async () => {
  const before = events("followers_not_told");
  await failWhile(["getWebSockets"], breaks);
  await until("the origin fails", async (see) => see(await worker.json("/route/shop?now")).origin === "standby");
  await until("it is in the log", (see) => see(events("followers_not_told")) > before);
  await works();
  await follows();
});

test("a body that cannot be read is over with its probe", async () => {
  for (const name of ["getReader", "read"]) {
    await failWhile([name], () => {});
    await works();
  }
});

test("an alarm that cannot be set, and a row that cannot be stored or read, do not end the watch", async () => {
  // A row is read again when it could not be stored.
  for (const names of [["setAlarm"], ["put"], ["put", "get"]]) {
    await failWhile(names, breaks);
    await works();
  }
});
