// What `npm test` runs side by side, and what alone. Jobs here end when the test says so, and
// nothing is timed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ALONE, LOADS, WAITS, WORKS, schedule } from "../../scripts/lib/jobs.mjs";
import { brought, looking } from "../../scripts/lib/setup.mjs";

/** Jobs whose ends are in the test's hands; `running` says which have begun and not ended. */
function run(list, cores = 2) {
  const [running, outcomes, ends] = [new Set(), {}, {}];
  const jobs = list.map((job) => ({
    cores: 0.25,
    ...job,
    run: () => {
      running.add(job.name);
      return new Promise((resolve, reject) => (ends[job.name] = { resolve, reject }));
    },
  }));
  const done = schedule(jobs, ({ name }, { error }) => (outcomes[name] = error?.message ?? "passed"), cores);
  // Whatever may begin has begun once all that is settled is settled.
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const end = async (name, error) => {
    running.delete(name);
    if (error) ends[name].reject(new Error(error));
    else ends[name].resolve();
    await settle();
  };
  return { running: async () => (await settle(), [...running].sort().join(" ")), end, outcomes, done };
}

test("what measures has the machine for itself, at whatever place it stands", async () => {
  const jobs = run([
    { name: "a", kind: WAITS },
    { name: "loads", kind: ALONE },
    { name: "measures", kind: ALONE },
    { name: "b", kind: WORKS },
  ]);
  assert.equal(await jobs.running(), "a b");
  await jobs.end("a");
  assert.equal(await jobs.running(), "b");
  await jobs.end("b");
  assert.equal(await jobs.running(), "loads");
  await jobs.end("loads");
  assert.equal(await jobs.running(), "measures");
  await jobs.end("measures");
  await jobs.done;
  assert.deepEqual(new Set(Object.values(jobs.outcomes)), new Set(["passed"]));
});

test("what floods has nothing beside it that waits, and what works goes on", async () => {
  const jobs = run([
    { name: "floods", kind: LOADS },
    { name: "waits", kind: WAITS },
    { name: "works", kind: WORKS },
    { name: "more", kind: LOADS },
  ]);
  assert.equal(await jobs.running(), "floods works");
  await jobs.end("floods");
  assert.equal(await jobs.running(), "waits works");
  await jobs.end("waits");
  assert.equal(await jobs.running(), "more works");
  await jobs.end("works");
  await jobs.end("more");
  await jobs.done;
});

test("a folder of cargo is held by one step at a time, and no core by more than one", async () => {
  const holds = "dev";
  const work = [{ name: "a", holds }, { name: "b", holds }, { name: "c" }, { name: "d" }].map((job) => ({ ...job, kind: WORKS }));
  const jobs = run(work);
  assert.equal(await jobs.running(), "a c");
  await jobs.end("c");
  assert.equal(await jobs.running(), "a d");
  await jobs.end("d");
  assert.equal(await jobs.running(), "a");
  await jobs.end("a");
  assert.equal(await jobs.running(), "b");
  await jobs.end("b");
  await jobs.done;
});

test("those that wait share the machine up to what they need", async () => {
  const waiting = (name, cores) => ({ name, kind: WAITS, cores });
  const jobs = run([waiting("a", 1), waiting("b", 1), waiting("c", 0.5), waiting("d", 2)]);
  assert.equal(await jobs.running(), "a c");
  await jobs.end("a");
  assert.equal(await jobs.running(), "b c");
  await jobs.end("b");
  await jobs.end("c");
  assert.equal(await jobs.running(), "d", "one runs, whatever it needs");
  await jobs.end("d");
  await jobs.done;
});

test("a step waits for those that it needs, and fails with them", async () => {
  const jobs = run([
    { name: "last", kind: WAITS, needs: ["tests"] },
    { name: "tests", kind: WAITS, needs: ["build", "tool"] },
    { name: "build", kind: WORKS },
    { name: "tool", kind: WORKS },
    { name: "other", kind: WORKS },
  ]);
  assert.equal(await jobs.running(), "build tool");
  await jobs.end("build");
  assert.equal(await jobs.running(), "other tool");
  await jobs.end("tool", "no such tool");
  await jobs.end("other");
  await jobs.done;
  assert.deepEqual(jobs.outcomes, {
    build: "passed",
    other: "passed",
    tool: "no such tool",
    tests: "It needs tool, which failed.",
    last: "It needs tests, which failed.",
  });
});

test("a step that comes after others waits for their ends, good or bad", async () => {
  const jobs = run([
    { name: "last", kind: WAITS, after: ["a", "b"] },
    { name: "a", kind: WORKS },
    { name: "b", kind: WORKS },
  ]);
  assert.equal(await jobs.running(), "a b");
  await jobs.end("a", "broken");
  assert.equal(await jobs.running(), "b");
  await jobs.end("b");
  assert.equal(await jobs.running(), "last");
  await jobs.end("last");
  await jobs.done;
  assert.equal(jobs.outcomes.last, "passed");
});

test("what only apt-get would bring is skipped where there is none, and missed where it is said to be there or CI is set", async () => {
  const brings = [];
  const program = (name, isThere) => ({
    name,
    variable: name.toUpperCase(),
    isThere: () => isThere,
    bring: async () => {
      brings.push(name);
      if (name === "lost") throw new Error("it is not to be had");
    },
    tests: [`of ${name}`],
  });
  const programs = [program("there", true), program("lost", false)];
  assert.deepEqual(await brought(programs, { apt: false, env: {} }), [{ name: "lost", tests: ["of lost"] }]);
  assert.deepEqual(brings, []);
  for (const more of [
    { apt: false, env: { CI: "true" } },
    { apt: false, env: { LOST: "/opt/lost" } },
    { apt: true, env: {} },
  ])
    await assert.rejects(brought(programs, more), /not to be had/);
  assert.deepEqual(await brought([program("here", false)], { apt: true, env: {} }), []);
  assert.deepEqual(brings, ["lost", "lost", "lost", "here"]);
});

test("without a browser every file is skipped that would start one", () => {
  for (const name of ["doors", "monitors", "page", "stream-all"]) assert.ok(looking().includes(name), name);
  assert.ok(!looking().includes("jobs"));
});

test("a step that needs what nobody makes is no silent end", async () => {
  await assert.rejects(run([{ name: "a", kind: WAITS, needs: ["b"] }]).done, /wait for what is not there: a/);
});
