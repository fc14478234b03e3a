// What gets better, gets better slowly: hold-down, failback, panic and flapping, each with what is
// said of it. The points in time are those that the answers name: no test assumes how fast the
// machine is.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertVotes, becomes, instant, pageSays, pool, signal, verdict } from "./explained.mjs";
import { answers, config, origin, startWorker, storedChanges, until } from "./lib.mjs";

const ALL = { weur: "pass", enam: "pass", apac: "pass" };

/** The origins by name, and the pools that they are in. */
const names = ["held", "primary", "standby", "a", "b", "c", "flappy"];
const origins = {};
let worker;

before(async () => {
  for (const name of names) origins[name] = await origin(answers.ok);
  const ports = (...all) => Object.fromEntries(all.map((name) => [name, origins[name].port]));
  const pools = {
    held: ports("held"),
    soon: ports("primary", "standby"),
    patient: ports("primary", "standby"),
    many: ports("a", "b", "c"),
    flappy: ports("flappy"),
  };
  const settings = {
    held: 'hold_down = "4s"',
    soon: 'failback_delay = "3s"',
    patient: 'failback_delay = "1h"',
    many: 'panic = "50%"',
    flappy: 'hold_down = "2s"',
  };
  worker = await startWorker(config(pools, { settings }));
  await until("everything passes", async (see) => see(await worker.text("/health?format=text")) === "pass\n");
});

after(async () => {
  await worker?.stop();
  for (const one of Object.values(origins)) await one.stop();
});

const broken = (...all) => all.forEach((name) => (origins[name].answer = answers.broken));
const mended = (...all) => all.forEach((name) => (origins[name].answer = answers.ok));

const comes = (id, what, check) => becomes(worker, id, what, check);
const says = (id, status) => comes(id, `says ${status}`, ({ observedValue }) => observedValue === status);
const votesSay = (seen, wanted) =>
  Object.values(seen.votes).length === 3 && Object.values(seen.votes).every(({ observedValue }) => observedValue === wanted);

/** Waits until the signal of a pool is as `check` wants it. */
const goes = (name, what, check) =>
  until(
    `the signal of ${name} ${what}`,
    async (see) => {
      const route = see(await signal(worker, name));
      return check(route) && route;
    },
    30_000,
  );

describe("recovery", { concurrency: true }, () => {
  test("hold_down keeps a verdict of fail, says until when, and lets go then", async () => {
    broken("held");
    await comes("held/held", "fails everywhere", (seen) => seen.observedValue === "fail" && votesSay(seen, "fail"));
    mended("held");
    const kept = await comes("held/held", "is kept", (seen) => seen.observedValue === "fail" && votesSay(seen, "pass"));
    assert.deepEqual([kept.code, kept.served], [503, "fail"]);
    assert.equal(kept.output, "held although it is better by now: 3 of 3 vantages pass");
    assertVotes(kept, ALL);
    // The votes came one by one. So it may be held for what the last but one said first, and then
    // for what the last said.
    const end = instant(kept.next, "^(?:warn|pass) at");
    assert.match(kept.next, /if nothing fails until then \(held for 4s\); unknown at \S+ without fresh evidence$/);
    await pageSays(worker, "held/held", "held although it is better by now", "Next: ");

    const { since, output, next } = await says("held/held", "pass");
    assert.ok(Date.parse(since) >= end, `${since} is before ${kept.next}`);
    const { to } = (await storedChanges(worker)).findLast(({ subject, from }) => subject === "held/held" && from === "fail");
    // A warning that is over a few milliseconds after the failure may be over when the Arbiter's
    // alarm rings.
    assert.ok([kept.next.split(" ")[0], "pass"].includes(to), `it became ${to}, and was to become: ${kept.next}`);
    assert.equal(output, "3 of 3 vantages pass");
    assert.match(next, /^fail when 2 of 3 vantages fail/);
  });

  test("a recovered primary waits for its traffic, and no longer than its standby lives", async () => {
    broken("primary");
    for (const name of ["soon", "patient"]) {
      const route = await goes(name, "fails over", ({ reason }) => reason === "standby is passing; primary is failing");
      assert.deepEqual([route.origin, route.status], ["standby", "pass"]);
    }
    mended("primary");
    const waits = (name) => goes(name, "waits", ({ reason }) => reason.includes("primary is recovered and waits until"));
    const [soon, patient] = await Promise.all([waits("soon"), waits("patient")]);
    for (const [name, route, delay] of [
      ["soon", soon, 3_000],
      ["patient", patient, 3_600_000],
    ]) {
      assert.deepEqual([route.origin, route.status, route.code], ["standby", "pass", 200]);
      const end = instant(route.reason, "^standby is passing; primary is recovered and waits until");
      const { validUntil, ...recovered } = await verdict(worker, `${name}/primary`);
      assert.ok(["warn", "pass"].includes(recovered.observedValue), JSON.stringify(recovered));
      // It counts from when it was fit for traffic; it may have become better still since.
      assert.ok(end <= Date.parse(recovered.since) + delay, `${route.reason}, ${JSON.stringify(recovered)}`);
      assert.ok(end > Date.parse(validUntil) - 45_000, "it still waits");
    }
    await pageSays(worker, undefined, `standby : ${patient.reason}`);

    const end = instant(soon.reason, "waits until");
    const { reason } = await goes("soon", "fails back", (route) => route.origin === "primary");
    // The worker and this test read one clock, and whatever came between makes this side later.
    assert.ok(Date.now() >= end, `before ${soon.reason}`);
    assert.match(reason, /^primary is passing( with a warning)? and first by priority$/);

    assert.equal((await signal(worker, "patient")).origin, "standby", "an hour is not over");
    broken("standby");
    const back = await goes("patient", "has no other choice", (route) => route.origin === "primary");
    assert.equal(back.reason, "primary is passing and first by priority");
    assert.ok(Date.now() < instant(patient.reason, "waits until"));
    mended("standby");
    await says("patient/standby", "pass");
    assert.equal((await signal(worker, "patient")).origin, "primary", "who has the traffic keeps it");
  });

  test("too few origins are a panic that says so, and none is not", async () => {
    broken("a", "b");
    const route = await goes("many", "panics", ({ reason }) => /^panic: .*a is failing, b is failing/.test(reason));
    assert.equal(route.reason, "panic: only 1 of 3 origins are usable, so all count as usable; c is passing; a is failing, b is failing");
    assert.deepEqual([route.origin, route.status, route.code], ["c", "pass", 200]);
    const panicking = await pool(worker, "many");
    assert.deepEqual([panicking.panic, panicking.observedValue, panicking.output], [true, "warn", route.reason]);
    await pageSays(worker, undefined, route.reason);

    broken("c");
    const nowhere = await goes("many", "goes nowhere", ({ origin }) => origin === null);
    assert.deepEqual([nowhere.status, nowhere.reason, nowhere.code], ["fail", "every origin fails", 503]);
    const down = await pool(worker, "many");
    assert.deepEqual([down.panic, down.observedValue, down.code], [undefined, "fail", 503]);

    mended("a", "b", "c");
    const calm = await goes("many", "is calm", ({ reason }) => reason === "a is passing and first by priority");
    assert.equal(calm.origin, "a");
    assert.equal((await pool(worker, "many")).panic, undefined);
  });

  test("an origin that falls again and again is named as flapping and held for longer", async () => {
    for (let fall = 1; fall <= 2; fall += 1) {
      broken("flappy");
      const down = await says("flappy/flappy", "fail");
      assert.equal(down.falls, undefined, `after ${fall} falls`);
      mended("flappy");
      const held = await comes("flappy/flappy", "is held", ({ next }) => next.includes("held for"));
      assert.ok(held.next.includes("(held for 2s)"), held.next);
      await says("flappy/flappy", "pass");
    }
    broken("flappy");
    const down = await says("flappy/flappy", "fail");
    assert.equal(down.falls, 3);
    mended("flappy");
    const held = await comes("flappy/flappy", "is held", (seen) => seen.observedValue === "fail" && votesSay(seen, "pass"));
    assert.match(held.next, /if nothing fails until then \(held for 4s, it flaps: 3 falls\)/);
    const end = instant(held.next, "^(?:warn|pass) at");
    await pageSays(worker, "flappy/flappy", "it flaps: 3 falls", "flapping: 3 falls");
    const { since, falls } = await says("flappy/flappy", "pass");
    assert.ok(Date.parse(since) >= end, `${since} is before ${held.next}`);
    assert.equal(falls, 3, "it is still remembered");
  });
});
