// Memory while every hostile origin of docs/hostile-origins.md goes on: in plain workerd, whose
// process holds the worker and nothing else. (The one that `wrangler dev` runs grows with every
// request that is looked at.)

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import * as content from "./hostile/content.mjs";
import { redirects } from "./hostile/redirects.mjs";
import { watch } from "./hostile/run.mjs";
import * as transport from "./hostile/transport.mjs";
import { answers, origin, until } from "./lib.mjs";
import { configured, serveVedette } from "../../scripts/bench/plain.mjs";

/** Endless bodies, bombs and floods send some gigabytes in this time. */
const MOST_MEGABYTES = 500;

let healthy, worker, stop;

before(async () => {
  healthy = await origin(answers.ok);
  const doubles = Object.assign({}, ...Object.values(transport), ...Object.values(content), redirects);
  ({ worker, stop } = await watch(doubles, { others: { healthy: healthy.port }, serve: (toml) => serveVedette(configured(toml)) }));
});

after(async () => {
  await stop?.();
  await healthy?.stop();
});

/** Resident memory of the process, in megabytes. */
const resident = () => Number(readFileSync(`/proc/${worker.pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]) / 1024;

test("memory stays bounded through fifteen rounds of all of them", async (t) => {
  // A reader wakes the watch: nothing else does in plain workerd.
  await until(
    "the healthy one passes",
    async (see) => see(await (await worker.get("/health/healthy?format=text")).text()) === "pass\n",
    60_000,
  );
  const from = healthy.requests.length;
  let most = 0;
  await until(
    "fifteen more probes of the healthy one",
    (see) => {
      most = Math.max(most, resident());
      return see(healthy.requests.length) >= from + 15;
    },
    120_000,
  );
  t.diagnostic(`at most ${most.toFixed(0)} MB, ${resident().toFixed(0)} MB in the end`);
  assert.ok(most < MOST_MEGABYTES, `${most.toFixed(0)} MB`);
});
