// Under three hundred requests a second the primary is killed, hangs, answers 500, breaks off in
// the middle of answers, is slow, and comes back: in plain workerd, with two origins in processes
// of their own.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { PATIENCE_MS, counted, underLoad, vedetteProxy } from "../../scripts/bench/outage.mjs";

let proxy;

before(async () => {
  proxy = await vedetteProxy();
});

after(async () => {
  await Promise.all([proxy, proxy?.primary, proxy?.standby].map((one) => one?.stop()));
});

/** An attempt that waits in vain, a second one, and what a busy machine adds. */
const LONGEST_MS = 2 * PATIENCE_MS + 3_000;

for (const fault of ["kill", "hang", "500", "reset", "slow"]) {
  test(`${fault}: no GET fails that had not begun to be answered, and no order is sent twice`, async () => {
    const run = await underLoad(proxy, fault);
    const sum = counted(run, fault);
    const [bad] = run.outcomes.filter((one) => one.method === "GET" && !one.good && !one.begun);
    assert.equal(sum.failed, 0, JSON.stringify({ ...sum, bad }));
    assert.deepEqual(run.twice, []);
    assert.ok(sum.longest < LONGEST_MS, JSON.stringify(sum));
    assert.ok(sum.gets > 2_000 && sum.posts > 200, JSON.stringify(sum));
    if (fault !== "reset") assert.equal(sum.broken, 0, JSON.stringify(sum));
    // Orders that were on their way to the primary fail with it, and no others.
    if (fault === "slow") assert.equal(sum.failedPosts, 0, JSON.stringify(sum));
  });
}
