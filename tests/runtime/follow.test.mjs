// Followers: a request that waits for the next signal, and a stream of them, in a running worker.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answers, config, origin, startWorker, until } from "./lib.mjs";

let primary, standby, worker;

before(async () => {
  primary = await origin(answers.ok);
  standby = await origin(answers.ok);
  worker = await startWorker(config({ shop: { primary: primary.port, standby: standby.port } }));
  await rest("primary");
});

after(async () => {
  await worker?.stop();
  await primary?.stop();
  await standby?.stop();
});

/** The signal names this origin, and all three vantages agree, so that nothing changes by itself. */
const rest = (name) =>
  until(`the signal rests with ${name}`, async (see) => {
    const health = see(await worker.json("/health/shop"));
    const votes = Object.keys(health.checks).filter((key) => key.includes(":verdict"));
    const signal = await worker.json("/route/shop");
    return votes.length > 0 && signal.origin === name && (name !== "primary" || (await agreed()));
  });

/** Every vantage has voted on every origin. */
const agreed = async () => {
  const page = await worker.text("/");
  return page.split("3 of 3 vantages").length > 2;
};

/** A request that waits, and whether it was answered already. */
function waiting(query, init) {
  const waiter = { done: false };
  waiter.answer = worker.get(`/route/shop?${query}`, { signal: AbortSignal.timeout(70_000), ...init }).then((answer) => {
    waiter.done = true;
    return answer;
  });
  return waiter;
}

const revision = async () => (await worker.json("/route/shop")).revision;

test("whoever knows another revision, or none, is answered at once", async () => {
  const now = await revision();
  for (const query of [`wait=60s&revision=${now - 1}`, `wait=60s&revision=${now + 7}`, "wait=60s"]) {
    const answer = await waiting(query).answer;
    assert.equal(answer.status, 200, query);
    assert.equal((await answer.json()).revision, now, query);
  }
});

test("a wait without a change ends with the present signal, and 304 for who has it", async () => {
  const present = await worker.get("/route/shop");
  const now = await revision();
  const answer = await waiting(`wait=1s&revision=${now}`).answer;
  assert.deepEqual([answer.status, (await answer.json()).revision], [200, now]);
  assert.equal(answer.headers.get("cache-control"), "no-store");
  const etag = present.headers.get("etag");
  const unchanged = await waiting(`wait=1s&revision=${present.headers.get("vedette-revision")}`, { headers: { "if-none-match": etag } }).answer;
  assert.deepEqual([unchanged.status, await unchanged.text()], [304, ""]);
});

test("what cannot be waited for is refused with the way out", async () => {
  for (const query of ["wait=0s", "wait=61s", "wait=", "wait=1m", "wait=-1", "wait=1.5s", "wait=5s&revision=x", "wait=5s&revision=%2B3"]) {
    const answer = await worker.get(`/route/shop?${query}`);
    assert.equal(answer.status, 400, query);
    assert.equal(answer.headers.get("content-type"), "application/problem+json");
  }
  assert.equal((await worker.get("/route/nope?wait=5s&revision=1")).status, 404);
  assert.equal((await worker.get("/v1/stream/nope")).status, 404);
});

test("every wait ends when the origin changes, in each form", async () => {
  const now = await revision();
  const waiters = ["", "&format=text", "&format=redirect"].map((format) => waiting(`wait=60s&revision=${now}${format}`));
  // They have a line by now if a later one was answered for its time.
  await waiting(`wait=1s&revision=${now}`).answer;
  assert.deepEqual(waiters.map(({ done }) => done), [false, false, false]);
  primary.answer = answers.broken;
  const [json, text, redirect] = await Promise.all(waiters.map(({ answer }) => answer));
  assert.ok((await json.json()).revision > now);
  assert.match(await text.text(), /^http:\/\/127\.0\.0\.1:\d+\n$/);
  assert.equal(redirect.status, 307);
  await until("the standby is named", async (see) => {
    const { revision, origin } = see(await worker.json("/route/shop"));
    if (origin === "standby") return true;
    await waiting(`wait=10s&revision=${revision}`).answer;
    return false;
  });
});
