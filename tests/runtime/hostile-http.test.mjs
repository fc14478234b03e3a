// Every hostile origin of docs/hostile-origins.md but those of TLS, all at once, with a healthy one beside them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as content from "./hostile/content.mjs";
import { redirects } from "./hostile/redirects.mjs";
import { assertUnharmed, rows, seen, testRows, watch } from "./hostile/run.mjs";
import * as transport from "./hostile/transport.mjs";
import { answers, origin, until } from "./lib.mjs";

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

const median = (values) => values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)];

test("while they go on, no other origin is late, and none of them is ever believed", async (t) => {
  const failing = names.filter((name) => page[name].verdict === "fail");
  const lags = [];
  const from = healthy.requests.length;
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
  const times = healthy.requests.slice(from).map(({ at }) => at);
  const gap = median(times.slice(1).map((at, index) => at - times[index]));
  t.diagnostic(`${gap} ms between two probes; lag ${median(lags)} ms`);
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
