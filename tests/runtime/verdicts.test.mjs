// Three vantages that do not see the same, and what each quorum makes of it: the verdict, its
// reason, every vote, and what would change the verdict next.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertVotes, pageSays, pool, signal, verdict } from "./explained.mjs";
import { answers, config, origin, startWorker, until } from "./lib.mjs";

const VANTAGES = ["weur", "enam", "apac"];

/** How many of three votes each pool wants before it says fail. */
const QUORUMS = { any: 1, majority: 2, two: 2, share: 2, larger: 3, all: 3 };

let primary, worker;
let broken = [];

before(async () => {
  primary = await origin((request, response) =>
    (broken.includes(request.headers["vedette-vantage"]) ? answers.broken : answers.ok)(request, response),
  );
  const pools = Object.fromEntries(Object.keys(QUORUMS).map((name) => [name, { primary: primary.port }]));
  const settings = {
    any: 'quorum = "any"',
    two: "quorum = 2",
    share: 'quorum = "60%"',
    larger: 'quorum = "67%"',
    all: 'quorum = "all"',
  };
  worker = await startWorker(config(pools, { settings }));
});

after(async () => {
  await worker?.stop();
  await primary?.stop();
});

/** The verdict of a pool's origin once all three votes are live and those of `broken` say fail. */
const settled = (name) =>
  until(`${name} with ${broken.length} of 3 failing`, async (see) => {
    const seen = see(await verdict(worker, `${name}/primary`));
    const votes = VANTAGES.every((vantage) => {
      const { observedValue, output, run } = seen.votes[vantage] ?? {};
      const fails = broken.includes(vantage);
      // On a busy machine a sample may have met its deadline instead; the next one is told
      // otherwise.
      return observedValue === (fails ? "fail" : "pass") && output.startsWith(fails ? "status 500" : "ok") && run === 2;
    });
    return votes && seen;
  });

const failing = () => broken.toSorted().join(", ");
const votes = () => Object.fromEntries(VANTAGES.map((vantage) => [vantage, broken.includes(vantage) ? "fail" : "pass"]));

/**
 * What is said of an origin of which `count` of three vantages see failures, where the quorum is
 * `needed`.
 */
function wanted(count, needed) {
  if (count === 0) return ["pass", "3 of 3 vantages pass", `fail when ${needed} of 3 vantages ${needed === 1 ? "fails" : "fail"}`];
  const reason = `${count} of 3 vantages: ${failing()}: status 500`;
  if (count < needed) {
    const more = needed - count === 1 ? "1 more vantage fails" : `${needed - count} more vantages fail`;
    return ["warn", `fails from ${reason}`, `fail when ${more} (${needed} of 3 needed); pass when those that fail pass`];
  }
  const enough = count - needed + 1;
  return ["fail", reason, `no longer fail when ${enough === 1 ? "1 of them passes" : `${enough} of them pass`}`];
}

for (const down of [[], ["enam"], ["enam", "apac"], VANTAGES]) {
  test(`${down.length} of three vantages see failures`, async () => {
    broken = down;
    for (const [name, needed] of Object.entries(QUORUMS)) {
      const seen = await settled(name);
      const [status, reason, next] = wanted(down.length, needed);
      assert.deepEqual([name, seen.observedValue, seen.served, seen.code], [name, status, status, status === "fail" ? 503 : 200]);
      assert.ok(seen.output.startsWith(reason), `${name}: ${seen.output}`);
      assert.equal(seen.next, `${next}; unknown at ${seen.validUntil} without fresh evidence`);
      assert.equal(seen.said, status === "pass" ? undefined : `${name}/primary ${status}: ${seen.output}`);
      assertVotes(seen, votes());

      const whole = await pool(worker, name);
      assert.deepEqual([whole.observedValue, whole.code], [status, status === "fail" ? 503 : 200]);
      const route = await signal(worker, name);
      const [goes, why] = {
        pass: ["primary", "primary is passing and first by priority"],
        warn: ["primary", "primary is passing with a warning and first by priority"],
        fail: [null, "every origin fails"],
      }[status];
      assert.deepEqual([route.origin, route.status, route.reason, route.code], [goes, status, why, goes ? 200 : 503]);
      assert.equal(whole.output, why);

      await pageSays(worker, `${name}/primary`, reason, `Next: ${next}; unknown at`, ...VANTAGES);
    }
  });
}

test("every vantage has reported and is listed", async () => {
  const text = await worker.text("/readyz?verbose");
  for (const vantage of VANTAGES) assert.ok(text.includes(`[+]vantage ${vantage} 0of1`), text);
});
