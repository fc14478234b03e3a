// Followers while parts are down: none hangs beyond its wait, and none takes an old signal for a
// fresh one.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { rests } from "./explained.mjs";
import { answers, config, origin, startWorker, until } from "./lib.mjs";
import { stream } from "./stream.mjs";

let primary, standby, worker;

before(async () => {
  primary = await origin(answers.ok);
  standby = await origin(answers.ok);
  const settings = { shop: 'vote_ttl = "6s"' };
  worker = await startWorker(config({ shop: { primary: primary.port, standby: standby.port } }, { settings }), {
    build: ".vedette/build-trap",
  });
  await up();
});

after(async () => {
  await worker?.stop();
  await primary?.stop();
  await standby?.stop();
});

const trap = (what) => worker.get("/livez", { headers: { "vedette-trap": what } }).then((answer) => answer.text());

/** Everything is there, the primary is named, and nothing is about to change; its revision. */
async function up() {
  await trap("down=");
  primary.answer = answers.ok;
  return rests(worker, "shop", "primary");
}

/** The answer of a request that waits, as `{ status, mark, signal }`. */
async function wait(length, mark) {
  const answer = await worker.get(`/route/shop?wait=${length}&revision=${mark}`, { signal: AbortSignal.timeout(70_000) });
  return { status: answer.status, mark: answer.headers.get("vedette-revision"), signal: await answer.json() };
}

test("a signal that lapses ends the wait and is an event, although the Arbiter is silent", async () => {
  const known = await up();
  const events = await stream(worker, "/v1/stream/shop");
  assert.equal((await events.next()).id, String(known));
  const waiter = wait("60s", known);
  await trap("down=arbiter");
  const { status, mark, signal } = await waiter;
  assert.deepEqual([status, mark], [200, `${known}-lapsed`]);
  assert.deepEqual([signal.origin, signal.status, signal.ttl], ["primary", "unknown", 0]);
  const { id, data } = await events.next();
  assert.deepEqual([id, data.status, data.ttl], [`${known}-lapsed`, "unknown", 0]);
  events.leave();
});

test("whoever knows of the lapse waits until the signal holds again", async () => {
  await trap("down=arbiter");
  const lapsed = await until(
    "it has lapsed",
    async (see) => {
      const mark = see((await worker.get("/route/shop?now")).headers.get("vedette-revision"));
      return mark.endsWith("-lapsed") && mark;
    },
    30_000,
  );
  const still = await wait("1s", lapsed);
  assert.deepEqual([still.mark, still.signal.ttl], [lapsed, 0], "the wait ends with the present signal");
  const waiter = wait("60s", lapsed);
  await trap("down=");
  const { mark, signal } = await waiter;
  assert.notEqual(mark, lapsed);
  assert.equal(signal.revision >= Number.parseInt(lapsed, 10), true);
});

for (const down of ["arbiter", "arbiter-hangs"]) {
  test(`without a line (${down}) a wait ends with its time, and a change is seen once the Arbiter is back`, async () => {
    const known = await up();
    const unopened = () => worker.said().split("line_not_opened").length;
    await trap(`down=${down}`);
    const { mark } = await wait("1s", known);
    assert.ok([String(known), `${known}-lapsed`].includes(mark), mark);
    // This one finds no line either, and looks by itself.
    const before = unopened();
    const waiter = wait("60s", mark);
    await until("it has no line", () => unopened() > before);
    primary.answer = answers.broken;
    await trap("down=");
    const { signal } = await waiter;
    assert.ok(signal.revision > known || signal.ttl === 0, JSON.stringify(signal));
    await until("the standby is named", async (see) => see(await worker.json("/route/shop")).origin === "standby");
  });
}

test("where the Arbiter has too many lines, who would follow is turned away before anything is sent", async () => {
  const known = await up();
  await trap("down=lines");
  const waits = await worker.get(`/route/shop?wait=30s&revision=${known}`);
  const streams = await worker.get("/v1/stream/shop");
  for (const answer of [waits, streams]) {
    assert.deepEqual([answer.status, answer.headers.get("content-type")], [429, "application/problem+json"]);
    assert.ok(answer.headers.get("retry-after"));
    await answer.text();
  }
  assert.equal((await worker.get(`/route/shop?wait=30s&revision=${known - 1}`)).status, 200, "news need no line");
});

test("a crash ends every wait and every stream at once, and the next ones are served", async () => {
  const known = await up();
  const events = await stream(worker, "/v1/stream/shop", { "last-event-id": String(known) });
  const waiter = worker.get(`/route/shop?wait=60s&revision=${known}`, { signal: AbortSignal.timeout(70_000) });
  // Both have a line when a later one's time is over.
  await wait("1s", known);
  await trap("read");
  await assert.rejects(events.next().then((event) => assert.ok(event, "the stream ended")));
  assert.ok((await waiter).status >= 500);
  const next = await stream(worker, "/v1/stream/shop");
  assert.equal((await next.next()).data.origin, "primary");
  next.leave();
});

test("a worker that starts again has its followers connect again, and they miss nothing", async () => {
  const known = await up();
  const events = await stream(worker, "/v1/stream/shop", { "last-event-id": String(known) });
  const ended = events.next().catch(() => undefined);
  await worker.restart();
  assert.equal(await ended, undefined, "no event was made up");
  const again = await stream(worker, "/v1/stream/shop", { "last-event-id": String(known) });
  primary.answer = answers.broken;
  assert.ok((await again.next()).data.revision > known);
  again.leave();
});
