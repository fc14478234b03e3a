// Response times as `/metrics` counts them, in a worker whose rollups are of ten seconds: each
// probe once, and never backwards, whatever becomes of the objects.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answers, config, origin, startWorker, until } from "./lib.mjs";

let primary, standby, worker;

before(async () => {
  // Slower than a bound, so that its place is known.
  primary = await origin((request, response) => setTimeout(() => answers.ok(request, response), 30));
  standby = await origin(answers.broken);
  worker = await startWorker(config({ shop: { primary: primary.port, standby: standby.port } }), { build: ".vedette/build-trap" });
});

after(async () => {
  await worker?.stop();
  await primary?.stop();
  await standby?.stop();
});

/** The histogram of the shop, all cache classes together. */
async function counted() {
  const said = await worker.text("/metrics");
  const sums = (pattern) => [...said.matchAll(pattern)].reduce((sum, [, value]) => sum + Number(value), 0);
  const within = (bound) => sums(new RegExp(`^vedette_probe_duration_seconds_bucket\\{pool="shop",.*le="${bound}"\\} (\\S+)$`, "gm"));
  return {
    count: sums(/^vedette_probe_duration_seconds_count\{pool="shop",.*\} (\S+)$/gm),
    sum: sums(/^vedette_probe_duration_seconds_sum\{pool="shop",.*\} (\S+)$/gm),
    buckets: ["0.025", "10", "\\+Inf"].map(within),
  };
}

/** Waits until more is counted than that. */
const more = (known) =>
  until(
    `more than ${known}`,
    async (see) => {
      const now = see(await counted());
      assert.ok(now.count >= known, `${now.count} after ${known}`);
      return now.count > known && now;
    },
    60_000,
  );

test("a histogram of each pool counts its probes once, a failing origin's answers among them", async () => {
  const first = await more(0);
  const sent = primary.requests.length + standby.requests.length;
  assert.ok(first.count <= sent, `${first.count} of ${sent}`);
  const { count, sum, buckets } = await more(first.count);
  const [fast, slow, all] = buckets;
  assert.equal(all, count);
  assert.equal(slow, count, "nothing took ten seconds");
  assert.ok(fast < count, "those of the primary take longer");
  assert.ok(sum >= 0.03 * (count - fast) * (63 / 64), `${sum} s`);
});

test("it never runs backwards, though its objects are killed", async () => {
  const { count } = await counted();
  await worker.kill9();
  await worker.start();
  await until("it is known again", async (see) => see(await counted()).count >= count);
  await more(count);
});
