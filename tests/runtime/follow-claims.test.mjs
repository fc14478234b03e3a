// Revisions that clients claim and nobody has: however many claim one, the Arbiter is asked as
// often as by one reader.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { asked, countingBuild } from "./counting.mjs";
import { answers, config, origin, startWorker, until } from "./lib.mjs";

/** How old a copy may be where requests are not counted: a reader asks no oftener. */
const READERS_MS = 500;

const CLAIM = 99_999_999;

let build, primary, worker;

before(async () => {
  build = countingBuild();
  primary = await origin(answers.ok);
  worker = await startWorker(config({ shop: { primary: primary.port } }), { env: { VEDETTE_BUILD: build.folder } });
  await until("the pool passes", async (see) => see(await worker.json("/health/shop")).status === "pass");
});

after(async () => {
  await worker?.stop();
  await primary?.stop();
  build?.remove();
});

/**
 * Asks 200 times, twenty at once, and says how often the Arbiter was asked meanwhile, and how often
 * a reader could have had it asked.
 */
async function questions(ask, ...paths) {
  const count = () => paths.reduce((sum, path) => sum + asked(worker, path), 0);
  const [before, began] = [count(), Date.now()];
  for (let times = 0; times < 10; times += 1) await Promise.all(Array.from({ length: 20 }, ask));
  const most = Math.ceil((Date.now() - began) / READERS_MS) + 1;
  return { more: count() - before, most };
}

for (const [what, query] of [
  ["with a wait", `wait=1s&revision=${CLAIM}`],
  ["as lapsed", `wait=1s&revision=${CLAIM}-lapsed`],
]) {
  test(`200 claims of a revision that nobody has, ${what}, are looked into once in the time of a reader`, async () => {
    const { revision } = await worker.json("/route/shop");
    const { more, most } = await questions(
      async () => {
        const answer = await worker.get(`/route/shop?${query}`);
        assert.equal((await answer.json()).revision, revision);
      },
      "snapshot/",
      "follow/",
    );
    assert.ok(more <= most, `the Arbiter was asked ${more} times, by a reader ${most} times at most`);
  });
}

test("streams that claim one are looked into as seldom", async () => {
  const { more, most } = await questions(async () => {
    const leaving = new AbortController();
    const answer = await worker.get("/v1/stream/shop", { headers: { "last-event-id": String(CLAIM) }, signal: leaving.signal });
    assert.equal(answer.status, 200);
    // The first event: that signal is another.
    await answer.body.getReader().read();
    leaving.abort();
    // The line that each has is opened for any revision.
  }, "snapshot/");
  assert.ok(more <= most, `the Arbiter was asked ${more} times, by a reader ${most} times at most`);
  assert.ok(asked(worker, "report") > 1, "what it is asked is counted");
});
