// Every hostile origin of docs/hostile-origins.md but those of TLS, all at once, with a healthy one
// beside them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import * as content from "./hostile/content.mjs";
import { redirects } from "./hostile/redirects.mjs";
import { assertUnharmed, rows, testRows, watch } from "./hostile/run.mjs";
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

/** The verdict on every origin, by the name of its pool. */
async function verdicts() {
  const { checks } = await worker.json("/health");
  return Object.fromEntries([...names, "healthy"].map((name) => [name, checks[`${name}/only:verdict`][0].observedValue]));
}

/**
 * How late the shards' latest probes started, in milliseconds, from `lag 1s 20ms, missed slots 0`.
 */
async function lags() {
  const ready = await worker.text("/readyz?verbose");
  return [...ready.matchAll(/lag (?:(\d+)s ?)?(?:(\d+)ms)?,/g)].map(([, s, ms]) => Number(s ?? 0) * 1000 + Number(ms ?? 0));
}

const median = (values) => values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)];

test("while they go on, no other origin is late, and none of them is ever believed", async (t) => {
  const failing = names.filter((name) => page[name].verdict === "fail");
  const [believed, late, from] = [new Set(), [], healthy.requests.length];
  // Fifteen more rounds of every hostile origin: half a minute, and two looks a second.
  await until(
    "fifteen more probes of the healthy one",
    async (see) => {
      const now = await verdicts();
      for (const name of failing) if (!["fail", "unknown"].includes(now[name])) believed.add(`${name}: ${now[name]}`);
      late.push(...(await lags()));
      await setTimeout(500);
      return see(healthy.requests.length) >= from + 15;
    },
    90_000,
  );
  assert.deepEqual([...believed], [], "what fails is never served as anything better");
  const times = healthy.requests.slice(from).map(({ at }) => at);
  const gap = median(times.slice(1).map((at, index) => at - times[index]));
  t.diagnostic(`${gap} ms between two probes; lag ${median(late)} ms`);
  assert.ok(gap < 3_000, `the healthy one is probed every two seconds, not every ${gap} ms`);
  assert.ok(median(late) < 1_000, `the schedule holds; lag ${median(late)} ms`);
  assert.equal((await verdicts()).healthy, "pass");
});

test("none keeps a connection for each probe", async () => {
  await until("only probes under way and idle connections are open", (see) => {
    const many = names.filter((name) => running[name].open() > 5);
    return see(many).length === 0;
  });
});

test("the worker has not crashed", () => assertUnharmed(worker));
