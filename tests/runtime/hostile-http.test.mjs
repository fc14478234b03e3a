// Every hostile origin of docs/hostile-origins.md but those of TLS, all at once, with a healthy one beside them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import * as content from "./hostile/content.mjs";
import { redirects } from "./hostile/redirects.mjs";
import { assertUnharmed, rows, seen, testRows, watch } from "./hostile/run.mjs";
import * as transport from "./hostile/transport.mjs";
import { answers, descendants, origin, until } from "./lib.mjs";

const doubles = Object.assign({}, ...Object.values(transport), ...Object.values(content), redirects);
const names = Object.keys(doubles);
const page = rows((heading) => heading !== "TLS");

let healthy, running, worker, stop;

before(async () => {
  healthy = await origin(answers.ok);
  ({ running, worker, stop } = await watch(doubles, { others: { healthy: healthy.port } }));
});

after(async () => {
  await stop?.();
  await healthy?.stop();
});

testRows(names, page, () => worker);

/** Resident memory of the workerd processes below the worker, in megabytes. */
function resident() {
  const megabytes = (pid) => Number(readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]) / 1024;
  const isRuntime = (pid) => readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "workerd";
  return descendants(worker.child.pid).filter(isRuntime).map(megabytes).reduce((sum, part) => sum + part, 0);
}

const median = (values) => values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)];

test("while they go on, memory stays bounded, no other origin is late, and none of them is ever believed", async (t) => {
  const failing = names.filter((name) => page[name].verdict === "fail");
  const lags = [];
  const from = healthy.requests.length;
  const memory = resident();
  // Fifteen more rounds of every hostile origin: half a minute. Each look is a round over their verdicts.
  await until("fifteen more probes of the healthy one", async (see) => {
    for (const name of failing) {
      const { verdict } = await seen(worker, name);
      assert.ok(verdict === "fail" || verdict === "unknown", `${name} is never served as ${verdict}`);
    }
    const ready = await worker.text("/readyz?verbose");
    // In milliseconds, from "1s 20ms", "20ms" or "3s".
    const milliseconds = ([, s, ms]) => Number(s ?? 0) * 1000 + Number(ms ?? 0);
    lags.push(...[...ready.matchAll(/lag (?:(\d+)s ?)?(?:(\d+)ms)?,/g)].map(milliseconds));
    return see(healthy.requests.length) >= from + 15;
  }, 90_000);
  const growth = resident() - memory;
  const times = healthy.requests.slice(from).map(({ at }) => at);
  const gap = median(times.slice(1).map((at, index) => at - times[index]));
  t.diagnostic(`memory ${memory.toFixed(0)} MB and ${growth.toFixed(0)} more; ${gap} ms between two probes; lag ${median(lags)} ms`);
  assert.ok(growth < 150, `it grew by ${growth.toFixed(0)} MB in half a minute`);
  assert.ok(gap < 3_000, `the healthy one is probed every two seconds, not every ${gap} ms`);
  assert.ok(median(lags) < 1_000, `the schedule holds; lag ${median(lags)} ms`);
  assert.equal((await seen(worker, "healthy")).verdict, "pass");
});

test("none keeps a connection for each probe", async () => {
  await until("only probes under way and idle connections are open", (see) => {
    const many = names.filter((name) => running[name].open() > 5);
    return see(many).length === 0;
  });
});

test("the worker has not crashed", () => assertUnharmed(worker));
