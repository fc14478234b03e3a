// In an outage everybody looks at the page for customers: the Arbiter is asked as often as if one
// did.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { asked, countingBuild } from "./counting.mjs";
import { answers, config, origin, startWorker, until } from "./lib.mjs";

/** An answer about incidents is kept for so long. */
const KEPT_MS = 5_000;

const VISITORS = 1_500;
const AT_ONCE = 50;

let only, build, worker;

before(async () => {
  only = await origin(answers.broken);
  build = countingBuild();
  worker = await startWorker(config({ shop: { only: only.port } }), { env: { VEDETTE_BUILD: build.folder } });
  await until("the shop is down", async (see) => see((await worker.json("/health/shop")).status) === "fail", 30_000);
});

after(async () => {
  await worker?.stop();
  await only?.stop();
  build?.remove();
});

test("many who look at once ask as one does", { timeout: 120_000 }, async () => {
  const paths = ["/status?now", "/feed.atom", "/status"];
  const page = () => worker.text("/status?now");
  await until("the page tells of it", async (see) => see(await page()).includes('id="incident-'), 30_000);
  const before = { lately: asked(worker, "lately"), days: asked(worker, "days") };
  const begun = Date.now();
  let place = 0;
  const visitor = async () => {
    while (place < VISITORS) {
      const path = paths[place++ % paths.length];
      const answer = await worker.get(path);
      assert.equal(answer.status, 200);
      await answer.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, visitor));
  // Whoever looks once in a while would ask as often; the log may be a little behind.
  const most = Math.ceil((Date.now() - begun) / KEPT_MS) + 1;
  const lately = asked(worker, "lately") - before.lately;
  assert.ok(before.lately > 0 && before.days > 0, "it is counted");
  assert.ok(lately <= most, `${lately} questions of ${VISITORS} visitors, where one asks at most ${most}`);
  assert.ok(asked(worker, "days") - before.days <= 1);
  await until("it goes on asking", async (see) => (await page(), see(asked(worker, "lately")) > before.lately), 3 * KEPT_MS);
});
