// Incidents in workerd: a pool fails, is told of with cause and vantages, serves again, and all of
// it is still there after a restart. What is hidden, or is not there, is told of in the same words.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answers, config, origin, startWorker, until } from "./lib.mjs";

let worker, only;

before(async () => {
  only = await origin(answers.ok);
  worker = await startWorker(config({ shop: { only: only.port } }));
});
after(async () => {
  await worker?.stop();
  await only?.stop();
});

const list = (query = "") => worker.json(`/v1/incidents${query}`);
const became = (status) =>
  until(`the pool is ${status}`, async (see) => see((await worker.json("/health/shop")).status) === status, 30_000);

test("an outage is an incident with cause and vantages, and outlives a restart", { timeout: 120_000 }, async () => {
  await became("pass");
  assert.deepEqual(await list(), { incidents: [] });
  only.answer = answers.broken;
  await became("fail");
  const open = await until("all three vantages are named", async (see) => {
    const { incidents } = see(await list("?open=true"));
    return incidents[0]?.vantages.length === 3 && incidents;
  });
  assert.equal(open.length, 1);
  const { id, cause, origins, served, worst, status } = open[0];
  assert.deepEqual([status, worst, cause.kind, cause.origin], ["open", "fail", "answer", "only"]);
  assert.match(cause.reason, /status 500/);
  assert.deepEqual([origins, served.map(({ origin }) => origin)], [["only"], [null]]);
  assert.match(id, /^shop-[0-9a-z]+$/);

  only.answer = answers.ok;
  await became("pass");
  const closed = await until("it is closed", async (see) => {
    const one = see(await worker.json(`/v1/incidents/${id}`));
    return one.status === "closed" && one;
  });
  assert.equal(closed.length_s, Math.floor((Date.parse(closed.closed) - Date.parse(closed.opened)) / 1_000));
  assert.equal(closed.fail_s, closed.length_s);
  assert.deepEqual(closed.notes, []);

  await worker.restart();
  const again = await until("the Arbiter answers", async (see) => {
    const one = see(await worker.json(`/v1/incidents/${id}`));
    return one.id === id && one;
  });
  assert.deepEqual(again, closed);
});

test("what is odd is refused, and what is not there is 404", async () => {
  for (const [path, status] of [
    ["?open=maybe", 400],
    ["?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", 400],
    ["?limit=0", 400],
    ["?fields=nope", 400],
    ["?cursor=0000000000000000.5", 400],
    ["?pool=nope", 404],
    ["/shop-zzzz", 404],
    ["/nope-zzzz", 404],
    ["/nope", 404],
  ]) {
    const answer = await worker.get(`/v1/incidents${path}`);
    assert.deepEqual([path, answer.status], [path, status]);
    assert.equal(answer.headers.get("content-type"), "application/problem+json");
  }
  const fields = await list("?fields=id,worst");
  assert.deepEqual(Object.keys(fields.incidents[0]).sort(), ["id", "worst"]);
});
