// Followers: a request that waits for the next signal, and a stream of them, in a running worker.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answers, config, origin, startWorker, until } from "./lib.mjs";
import { stream } from "./stream.mjs";

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

/**
 * The signal names this origin, and all vantages agree on each origin and with its verdict, so that
 * nothing changes by itself.
 */
const rest = (name) =>
  until(`the signal rests with ${name}`, async (see) => {
    const [{ origin }, { checks }] = [await worker.json("/route/shop?now"), await worker.json("/health/shop?now")];
    const settled = ["primary", "standby"].every((origin) => {
      const said = [...(checks[`shop/${origin}:vote`] ?? []), ...(checks[`shop/${origin}:verdict`] ?? [])];
      return said.length === 4 && new Set(said.map(({ observedValue }) => observedValue)).size === 1;
    });
    return see({ origin, settled }).settled && origin === name;
  });

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
  const unchanged = await waiting(`wait=1s&revision=${present.headers.get("vedette-revision")}`, { headers: { "if-none-match": etag } })
    .answer;
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
  assert.deepEqual(
    waiters.map(({ done }) => done),
    [false, false, false],
  );
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

test("a stream begins with the signal and has an event for each change", async () => {
  const present = await revision();
  const events = await stream(worker, "/v1/stream/shop");
  assert.equal(events.answer.headers.get("content-type"), "text/event-stream; charset=utf-8");
  const first = await events.next();
  assert.deepEqual([first.id, first.data.revision], [String(first.data.revision), first.data.revision]);
  assert.ok(first.data.revision >= present);
  assert.ok(first.retry >= 1000 && first.retry < 3000, String(first.retry));
  primary.answer = answers.ok;
  let last = first;
  while (last.data.origin !== "primary") {
    const next = await events.next();
    assert.ok(next.data.revision > last.data.revision, "no event twice");
    assert.equal(next.id, String(next.data.revision));
    last = next;
  }
  events.leave();
});

test("a stream says nothing to whoever has the last event already, until there is another", async () => {
  await rest("primary");
  const knows = await revision();
  const knowing = await stream(worker, "/v1/stream/shop", { "last-event-id": String(knows) });
  const missed = await stream(worker, "/v1/stream/shop", { "last-event-id": String(knows - 1) });
  const mad = await stream(worker, "/v1/stream/shop", { "last-event-id": "x".repeat(2000) });
  for (const events of [missed, mad]) assert.equal((await events.next()).data.revision, knows);
  primary.answer = answers.broken;
  const next = await knowing.next();
  assert.ok(next.data.revision > knows);
  assert.equal((await missed.next()).id, next.id, "all hear the same");
  for (const events of [knowing, missed, mad]) events.leave();
});

test("HEAD says what a stream is and begins none", async () => {
  const answer = await worker.get("/v1/stream/shop", { method: "HEAD" });
  assert.deepEqual([answer.status, answer.headers.get("content-type")], [200, "text/event-stream; charset=utf-8"]);
});

test("too many are turned away, and whoever leaves makes room", async () => {
  await rest("standby");
  const known = await revision();
  // Those who left before are noticed when something is sent to them.
  const crowd = [];
  for (let turnedAway = 0; turnedAway === 0; ) {
    assert.ok(crowd.length <= 250, "so many may follow at once");
    const open = () => stream(worker, "/v1/stream/shop", { "last-event-id": String(known) });
    const next = await Promise.all(Array.from({ length: 10 }, open));
    crowd.push(...next.filter(({ answer }) => answer.status === 200));
    turnedAway = next.filter(({ answer }) => answer.status === 429).length;
  }
  assert.ok(crowd.length > 200, `${crowd.length} follow`);
  for (const path of [`/route/shop?wait=5s&revision=${known}`, "/v1/stream/shop", "/v1/stream"]) {
    const answer = await worker.get(path);
    assert.equal(answer.status, 429, path);
    assert.equal(answer.headers.get("content-type"), "application/problem+json");
    assert.match(answer.headers.get("retry-after"), /^\d+$/);
    await answer.text();
  }
  for (const path of ["/route/shop", `/route/shop?wait=5s&revision=${known - 1}`]) {
    const answer = await worker.get(path);
    assert.deepEqual([answer.status, (await answer.json()).revision], [200, known], "who needs no place is answered");
  }
  primary.answer = answers.ok;
  const events = await Promise.all(crowd.map((events) => events.next()));
  const revisions = new Set(events.map(({ data }) => data.revision));
  assert.ok(
    [...revisions].every((revision) => revision > known),
    "each is told",
  );
  crowd.forEach((events) => events.leave());
  await until(
    "there is room",
    async (see) => {
      const answer = await worker.get(`/route/shop?wait=1s&revision=${await revision()}`);
      await answer.text();
      return see(answer.status) === 200;
    },
    40_000,
  );
});

test("who has waited leaves nothing behind", async () => {
  await rest("primary");
  const round = async () => {
    const known = await revision();
    const answers = await Promise.all(Array.from({ length: 200 }, () => worker.get(`/route/shop?wait=1s&revision=${known}`)));
    await Promise.all(answers.map((answer) => answer.text()));
    return answers.map(({ status }) => status).filter((status) => status !== 200);
  };
  // Together more lines than the Arbiter holds at once: if any stayed, no later round would find a
  // place. Those of the crowd before, and of a round that ended this very moment, may still be
  // closing.
  let served = 0;
  await until(
    "seven rounds are served",
    async (see) => {
      const refused = see(await round());
      if (refused.length === 0) served += 1;
      return served >= 7;
    },
    180_000,
  );
});
