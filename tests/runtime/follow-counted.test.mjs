// Followers where requests are counted (a deployment on the free plan): no line to the Arbiter, and
// no more questions than any reader has.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { asked as askedOf, countingBuild } from "./counting.mjs";
import { answers, config, origin, startWorker } from "./lib.mjs";
import { stream } from "./stream.mjs";

let build, primary, standby, worker;

before(async () => {
  build = countingBuild();
  primary = await origin(answers.ok);
  standby = await origin(answers.ok);
  worker = await startWorker(`plan = "free"\n${config({ shop: { primary: primary.port, standby: standby.port } })}`, {
    env: { VEDETTE_BUILD: build.folder, VEDETTE_AS_DEPLOYED: "1" },
  });
});

after(async () => {
  await worker?.stop();
  await primary?.stop();
  await standby?.stop();
  build?.remove();
});

/** How often the Arbiter was asked for something. */
const asked = (path) => askedOf(worker, path);

test("waits and streams follow a failover by the copy that their isolate refreshes, without a line", async () => {
  const [events, all] = [await stream(worker, "/v1/stream/shop"), await stream(worker, "/v1/stream")];
  let last = (await events.next()).data;
  while (last.status !== "pass") last = (await events.next()).data;
  // The copy may be up to ten seconds old: until there are two in a row that say the same, it has
  // not settled.
  const wait = async (revision) => {
    const answer = await worker.get(`/route/shop?wait=20s&revision=${revision}`, { signal: AbortSignal.timeout(30_000) });
    assert.equal(answer.status, 200);
    return answer.json();
  };
  for (let before; before !== last.revision; last = await wait(last.revision)) before = last.revision;
  assert.equal(last.origin, "primary");
  primary.answer = answers.broken;
  const waits = [1, 2, 3].map(() => wait(last.revision));
  for (const { revision } of await Promise.all(waits)) assert.ok(revision > last.revision);
  for (let heard = last; heard.origin !== "standby"; ) heard = (await events.next()).data;
  const isFall = ({ event, data }) => event === "transition" && data.origin === "primary" && data.to === "fail";
  while (!isFall(await all.next()));
  for (const one of [events, all]) one.leave();
});

test("they cost what one reader costs", async () => {
  const { revision } = await worker.json("/route/shop");
  const [before, begun] = [asked("snapshot/"), Date.now()];
  const waits = Array.from({ length: 20 }, () =>
    worker.get(`/route/shop?wait=25s&revision=${revision}`, { signal: AbortSignal.timeout(40_000) }),
  );
  await Promise.all(waits);
  const [took, more] = [Date.now() - begun, asked("snapshot/") - before];
  assert.ok(more <= Math.ceil(took / 10_000) + 1, `the Arbiter was asked ${more} times in ${took} ms`);
  assert.ok(more >= 1 && asked("report") > 1, "what it is asked is counted");
  assert.equal(asked("follow"), 0, "nobody asked for a line");
});
