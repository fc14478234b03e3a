// What one vantage sees has the others look at once, not when their turn comes.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { verdict } from "./explained.mjs";
import { answers, config, origin, startWorker, until } from "./lib.mjs";

/** The vantages take turns, a third of it apart, give or take a tenth. */
const INTERVAL_MS = 45_000;

/** Sooner than any turn could come, and long enough for a busy machine. */
const AT_ONCE_MS = 5_000;

let primary, worker;

before(async () => {
  primary = await origin(answers.ok);
  const slow = config({ shop: { primary: primary.port } }).replace('interval = "1s"', `interval = "${INTERVAL_MS / 1000}s"`);
  worker = await startWorker(slow.replace("[defaults]", '[defaults]\ndown_interval = "45s"'));
  await until(
    "every vantage says that it passes",
    async (see) => see(await verdict(worker, "shop/primary")).output === "3 of 3 vantages pass",
  );
});

after(async () => {
  await worker?.stop();
  await primary?.stop();
});

/** When each vantage first saw what the origin answers now. */
async function firstLooks() {
  const changed = primary.requests.length;
  const seen = await until(
    "every vantage has looked",
    async (see) => {
      const first = new Map();
      for (const { vantage, at } of primary.requests.slice(changed)) if (!first.has(vantage)) first.set(vantage, at);
      return see(first).size === 3 && first;
    },
    2 * INTERVAL_MS,
  );
  const [one, , last] = [...seen.values()].toSorted((a, b) => a - b);
  return last - one;
}

for (const [from, to, answer] of [
  ["pass", "fail", answers.broken],
  ["fail", "pass", answers.ok],
]) {
  test(`the first vantage that sees it go from ${from} to ${to} has the others look`, async () => {
    primary.answer = answer;
    const apart = await firstLooks();
    assert.ok(apart < AT_ONCE_MS, `the last looked ${apart} ms after the first`);
    await until(`the verdict is ${to}, and nobody is in doubt`, async (see) => {
      const { observedValue, output } = see(await verdict(worker, "shop/primary"));
      return observedValue === to && output.startsWith("3 of 3 vantages") && !output.includes("recovering");
    });
  });
}
