// The line from end to end with the real sample origins: pass, failover, recovery.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { config, sampleDatabase, sampleOrigin, startWorker, until } from "./lib.mjs";

let data, primary, standby, worker;

before(async () => {
  data = await sampleDatabase();
  primary = await sampleOrigin("primary", data.database);
  standby = await sampleOrigin("standby", data.database);
  worker = await startWorker(config({ shop: { primary: primary.port, standby: standby.port } }));
});

after(async () => {
  await worker?.stop();
  await primary?.stop();
  await standby?.stop();
  data?.remove();
});

const status = async (path) => (await worker.get(path)).status;
const word = async (path) => (await worker.json(path)).status;

test("both origins pass at first, without a manual step", async () => {
  await until("the pool passes", async (see) => see(await word("/health/shop")) === "pass");
  // A probe that comes while the check of another one is under way waits for that one.
  // It calls nothing itself.
  const calls = await until("Server-Timing is read", async (see) => {
    const { checks } = await worker.json("/health/shop?now");
    const stated = (checks["shop/primary:databaseCalls"] ?? []).map(({ observedValue }) => observedValue);
    return see(stated).includes(1) && stated;
  });
  assert.ok(calls.every((count) => count === 0 || count === 1));
  const signal = await worker.json("/route/shop");
  assert.equal(signal.origin, "primary");
  assert.equal(signal.url, `http://127.0.0.1:${primary.port}`);
});

test("the page shows pools, origins, verdicts and reasons", async () => {
  const parts = ["shop", "primary", "standby", "3 of 3 vantages pass", "Everything passes"];
  // The pool passes as soon as two of three have voted; the third follows.
  await until("the page shows them all", async (see) => {
    const page = await worker.text("/");
    return see(parts.filter((part) => !page.includes(part))).length === 0;
  });
  assert.match((await worker.get("/style.css")).headers.get("content-type"), /^text\/css/);
});

test("a killed primary is noticed and the signal names the standby", async (t) => {
  await primary.kill9();
  const begun = Date.now();
  await until("the primary fails", async (see) => see(await status("/health/shop/primary")) === 503);
  t.diagnostic(`detected after ${Date.now() - begun} ms (interval 1 s, fall 2, timeout 0.5 s)`);
  const signal = await until("the standby is chosen", async (see) => {
    const signal = see(await worker.json("/route/shop"));
    return signal.origin === "standby" && signal;
  });
  assert.match(signal.reason, /primary is failing/);
  assert.equal(await status("/health/shop"), 200, "one origin is left");
  assert.equal(await worker.text("/route/shop?format=text"), `http://127.0.0.1:${standby.port}\n`);
  const redirect = await worker.get("/route/shop?format=redirect");
  assert.deepEqual([redirect.status, redirect.headers.get("location")], [307, `http://127.0.0.1:${standby.port}/`.slice(0, -1)]);
});

test("a primary that is back passes after rise and takes over", async () => {
  primary = await sampleOrigin("primary", data.database, primary.port);
  await until("the primary passes", async (see) => see(await status("/health/shop/primary")) === 200);
  await until("the primary is chosen", async (see) => see(await worker.json("/route/shop")).origin === "primary");
});
