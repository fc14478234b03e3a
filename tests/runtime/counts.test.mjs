// What became of requests through a route, as `/metrics` says it: every request once, under a lease
// or not, and a counter that never runs backwards.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answers, config, origin, startWorker, until } from "./lib.mjs";
import { route, through } from "./through.mjs";

let primary, standby, worker;

/** An origin whose answers to clients a test may change. */
async function shop() {
  const self = await origin((request, response) =>
    (request.headers["vedette-vantage"] ? answers.ok : (self.act ?? answers.ok))(request, response),
  );
  return self;
}

before(async () => {
  [primary, standby] = [await shop(), await shop()];
  const pools = { shop: { primary: primary.port, standby: standby.port }, other: { only: standby.port } };
  worker = await startWorker(config(pools, { vantages: ["weur"] }) + route('timeout = "1s"\ndeadline = "3s"'));
  await until("shop passes", async (see) => see(await worker.json("/health/shop")).status === "pass", 30_000);
});

after(async () => {
  await worker?.stop();
  await Promise.all([primary, standby].map((one) => one?.stop()));
});

/** The counters of a pool, by the middle of their names; none where no route goes. */
async function counted(pool = "shop") {
  const lines = (await worker.text("/metrics")).matchAll(/^vedette_proxy_(\w+)_total\{pool="(\w+)"\} (\S+)$/gm);
  return Object.fromEntries([...lines].filter(([, , of]) => of === pool).map(([, name, , value]) => [name, Number(value)]));
}

const reaches = (what, requests) =>
  until(what, async (see) => {
    const counts = see(await counted());
    return counts.requests >= requests && counts;
  });

test("requests that go well are counted once each, and how long they took", async () => {
  primary.act = (_, response) => setTimeout(() => response.end("late"), 30);
  for (let n = 0; n < 40; n += 1) assert.equal((await through(worker, `/${n}`)).status, 200);
  const counts = await reaches("all are counted", 40);
  assert.deepEqual([counts.requests, counts.answered, counts.unanswered, counts.retries, counts.ejections], [40, 40, 0, 0, 0]);
  // The runtime's clock stands still while it computes: 30 ms may show as a few less.
  assert.ok(counts.answer_seconds > 40 * 0.02 && counts.answer_seconds < 40, `${counts.answer_seconds} s`);
  assert.deepEqual(await counted("other"), {}, "no route goes there");
});

test("what was sent again and what nobody answered is counted, and nothing runs backwards", async () => {
  const before = await counted();
  primary.act = (request) => request.socket.destroy();
  for (let n = 0; n < 6; n += 1) assert.equal((await through(worker, "/")).status, 200);
  const again = await reaches("those sent again are counted", before.requests + 6);
  assert.equal(again.answered, before.answered + 6);
  assert.ok(again.retries >= 3 && again.ejections === 1, JSON.stringify(again));
  standby.act = primary.act;
  for (let n = 0; n < 3; n += 1) assert.equal((await through(worker, "/")).status, 502);
  const counts = await reaches("those in vain are counted", again.requests + 3);
  assert.equal(counts.unanswered, 3);
  for (const [name, value] of Object.entries(again)) assert.ok(counts[name] >= value, name);
});
