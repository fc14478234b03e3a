// Followers where requests are counted (a deployment on the free plan): no line to the Arbiter, and no more questions than any reader
// has.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { answers, config, origin, root, startWorker } from "./lib.mjs";
import { stream } from "./stream.mjs";

/** Stands between `entry.mjs` and the wasm worker, and says in the log what the Arbiter is asked for. */
const counting = `
export * from "./real.js";
import * as real from "./real.js";

export class Arbiter {
  constructor(state, env) {
    this.inner = new real.Arbiter(state, env);
  }
  fetch(request) {
    console.log(JSON.stringify({ asked: new URL(request.url).pathname }));
    return this.inner.fetch(request);
  }
  alarm() {
    return this.inner.alarm();
  }
}
`;

let folder, primary, standby, worker;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "vedette-counting-"));
  cpSync(join(root, "build"), folder, { recursive: true });
  renameSync(join(folder, "index.js"), join(folder, "real.js"));
  writeFileSync(join(folder, "index.js"), counting);
  primary = await origin(answers.ok);
  standby = await origin(answers.ok);
  worker = await startWorker(`plan = "free"\n${config({ shop: { primary: primary.port, standby: standby.port } })}`, {
    env: { VEDETTE_BUILD: folder, VEDETTE_AS_DEPLOYED: "1" },
  });
});

after(async () => {
  await worker?.stop();
  await primary?.stop();
  await standby?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** How often the Arbiter was asked for something. */
const asked = (path) => worker.said().split(`{"asked":"/${path}`).length - 1;

test("waits and streams follow a failover by the copy that their isolate refreshes, without a line", async () => {
  const events = await stream(worker, "/v1/stream/shop");
  let last = (await events.next()).data;
  while (last.status !== "pass") last = (await events.next()).data;
  // The copy may be up to ten seconds old: until there are two in a row that say the same, it has not settled.
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
  events.leave();
});

test("they cost what one reader costs", async () => {
  const { revision } = await worker.json("/route/shop");
  const [before, begun] = [asked("snapshot/"), Date.now()];
  const waits = Array.from({ length: 20 }, () => worker.get(`/route/shop?wait=25s&revision=${revision}`, { signal: AbortSignal.timeout(40_000) }));
  await Promise.all(waits);
  const [took, more] = [Date.now() - begun, asked("snapshot/") - before];
  assert.ok(more <= Math.ceil(took / 10_000) + 1, `the Arbiter was asked ${more} times in ${took} ms`);
  assert.ok(more >= 1 && asked("report") > 1, "what it is asked is counted");
  assert.equal(asked("follow/"), 0, "nobody asked for a line");
});
