// Rolling restarts of real servers under load, through a route: no GET fails, and no order is
// executed twice. The benchmark shows the peers.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { vedetteProxy } from "../../scripts/bench/outage.mjs";
import { rolled, tallied } from "../../scripts/bench/restart.mjs";
import { servers } from "../../scripts/bench/servers.mjs";
import { realServers } from "../../scripts/lib/python.mjs";

before(() => realServers.bring());

for (const kind of Object.keys(servers)) {
  test(`${kind}: no GET fails, and no order is executed twice`, async () => {
    const { gets, failedGets, posts, twice } = tallied(await rolled(kind, (pair) => vedetteProxy(undefined, pair), 25));
    assert.deepEqual([failedGets, twice], [0, 0]);
    assert.ok(gets > 1000 && posts > 100);
  });
}
