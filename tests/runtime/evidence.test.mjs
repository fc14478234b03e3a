// Evidence that is missing is not failure, and never success either: a vantage that is cut off, a
// cache in the way, a secret that is not set, a watch that fell silent. Each says what is missing,
// and from when on.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertVotes, becomes, pageSays, pool, signal } from "./explained.mjs";
import { answers, config, origin, startWorker, storedChanges, until } from "./lib.mjs";

const TTL = 5_000;
const VANTAGES = ["weur", "enam", "apac"];
const BLIND = "weur reaches none of its origins and no reference either";

let reference, primary, standby, cached, worker;
/** The vantages whose network is down, and those that only the origins answer no more. */
let cutOff = [];
let failing = [];

const from = (request) => request.headers["user-agent"].match(/\(\+vantage=(\w+)\)/)?.[1];
/** Behind a network that some vantages are cut off from. */
const reachable = (answer) => (request, response) =>
  cutOff.includes(from(request)) ? request.socket.destroy() : answer(request, response);
const watched = reachable((request, response) => (failing.includes(from(request)) ? answers.broken : answers.ok)(request, response));

/** What a cache in front of an origin answers. */
const cache = (status) => (_, response) => response.writeHead(200, { "cf-cache-status": status }).end('{"ok":true}');

before(async () => {
  reference = await origin(reachable((_, response) => response.end("colo=AMS\n")));
  [primary, standby] = [await origin(watched), await origin(watched)];
  cached = await origin(answers.ok);
  const pools = {
    shop: { primary: primary.port, standby: standby.port },
    cached: { only: cached.port },
    locked: { only: cached.port },
  };
  const ttl = `vote_ttl = "${TTL / 1000}s"`;
  // Another vantage for what else is watched: who sees any origin pass is not cut off.
  const settings = { shop: ttl, cached: `${ttl}\nvantages = ["eeur"]`, locked: 'vantages = ["eeur"]' };
  const text = config(pools, { settings }).replace(
    /(name = "locked"[\s\S]*?path = "\/health")/,
    '$1, headers = { authorization = { secret = "NOT_SET" } }',
  );
  worker = await startWorker(`references = ["http://127.0.0.1:${reference.port}"]\n${text}`, { build: ".vedette/build-trap" });
  for (const id of ["shop/primary", "shop/standby"]) await comes(id, "is decided everywhere", ({ output }) => output.startsWith("3 of 3"));
  await says("cached/only", "pass");
});

after(async () => {
  await worker?.stop();
  for (const one of [reference, primary, standby, cached]) await one?.stop();
});

const comes = (id, what, check) => becomes(worker, id, what, check);
const says = (id, status) => comes(id, `says ${status}`, ({ observedValue }) => observedValue === status);

/** What became of a pool or origin, newest first: no change of a verdict is without its event. */
const turns = async (id) =>
  (await storedChanges(worker))
    .filter(({ subject }) => subject === id)
    .map(({ to }) => to)
    .reverse();

describe("evidence", { concurrency: true }, () => {
  describe("of a vantage that may be cut off", { concurrency: false }, () => {
    test("a vantage that reaches nothing, not even its reference, is named and counts for nothing", async () => {
      cutOff = ["weur"];
      for (const id of ["shop/primary", "shop/standby"]) {
        const seen = await comes(id, "does without weur", ({ output }) => output.startsWith("2 of 2") && output.endsWith(BLIND));
        assert.deepEqual([seen.observedValue, seen.code], ["pass", 200]);
        assert.equal(seen.output, `2 of 2 vantages pass; weur has no evidence: ${BLIND}`);
        assert.match(seen.next, /^fail when 2 of 2 vantages fail; /);
        assertVotes(seen, { weur: "expired", enam: "pass", apac: "pass" }, TTL);
        await pageSays(worker, id, seen.output, "weur (AMS) expired");
      }
      assert.ok(
        reference.requests.some((request) => request.vantage === undefined && from(request) === "weur"),
        "it was asked",
      );
      const ready = await worker.text("/readyz?verbose");
      assert.match(ready, new RegExp(`\\[-\\]vantage weur has no evidence of shop/\\w+: ${BLIND}`));
      assert.match(ready, /\[\+\]vantage weur 0of1 .*reported at/);
      await pageSays(worker, undefined, new RegExp(`weur 0of1: .*; no evidence of shop/\\w+: ${BLIND}`));
      const { origin, status, code } = await signal(worker, "shop");
      assert.deepEqual([origin, status, code, (await pool(worker, "shop")).observedValue], ["primary", "pass", 200, "pass"]);
      for (const id of ["shop", "shop/primary", "shop/standby"]) assert.ok(!(await turns(id)).includes("fail"), id);
    });

    test("once the reference answers, what the vantage sees is believed", async () => {
      failing = ["weur"];
      cutOff = [];
      for (const id of ["shop/primary", "shop/standby"]) {
        const seen = await comes(id, "warns", ({ output }) => output.includes("weur: status 500"));
        assert.deepEqual([seen.observedValue, seen.served, seen.code], ["warn", "warn", 200]);
        assert.match(seen.output, /^fails from 1 of 3 vantages: weur: status 500[^;]*$/);
        assertVotes(seen, { weur: "fail", enam: "pass", apac: "pass" }, TTL);
        assert.equal(seen.votes.weur.colo, "AMS", "the reference names the data centre");
      }
      assert.ok(!(await worker.text("/readyz?verbose")).includes("weur has no evidence"));
      failing = [];
      for (const id of ["shop/primary", "shop/standby"]) await says(id, "pass");
    });
  });

  test("what a cache answers proves nothing, and its stale copy is a failure", async () => {
    cached.answer = cache("HIT");
    const shown = await comes("cached/only", "shows the cache", ({ caches }) => caches.eeur.observedValue === "edge-only");
    const proven = shown.votes.eeur.validUntil;
    const expired = await comes("cached/only", "has expired", ({ output }) => output.startsWith("0 live votes, 1 needed"));
    assert.deepEqual([expired.observedValue, expired.served, expired.code], ["unknown", "warn", 200]);
    assert.equal(expired.votes.eeur.validUntil, proven, "no such answer renews a vote");
    assert.ok(Date.parse(expired.since) >= Date.parse(proven));
    assertVotes(expired, { eeur: "expired" }, TTL);
    assert.match(expired.votes.eeur.output, /cache/);
    assert.equal(expired.output, "0 live votes, 1 needed: a cache answered in the origin's place");
    assert.match(expired.next, /^decided when 1 more vantage decides/);
    const { status, ttl } = await signal(worker, "cached");
    assert.deepEqual([status, ttl], ["unknown", 0]);
    await pageSays(worker, "cached/only", /eeur \(AMS\) expired \d+ ms status 200 edge-only expired \d+ s ago/);

    cached.answer = answers.broken;
    await says("cached/only", "fail");
    cached.answer = cache("HIT");
    await says("cached/only", "unknown");
    const probes = cached.requests.length;
    await until("four more probes", (see) => see(cached.requests.length) >= probes + 4);
    assert.deepEqual((await turns("cached/only")).slice(0, 2), ["unknown", "fail"], "it never passed");

    cached.answer = answers.ok;
    await says("cached/only", "pass");
    cached.answer = cache("STALE");
    const stale = await says("cached/only", "fail");
    assert.deepEqual([stale.code, stale.caches.eeur.observedValue], [503, "counter-proof"]);
    assert.match(stale.output, /^1 of 1 vantages: eeur: .*stale/);
  });

  test("a secret that is not set is named, and is no failure", async () => {
    const seen = await comes("locked/only", "says why", ({ output }) => output.includes("NOT_SET"));
    assert.deepEqual([seen.observedValue, seen.served, seen.code], ["unknown", "warn", 200]);
    assert.equal(
      seen.output,
      "0 live votes, 1 needed: the others have not decided yet; eeur has no evidence: the secret NOT_SET is not set",
    );
    assert.equal(seen.next, "decided when 1 more vantage decides");
    assert.deepEqual(seen.votes, {});
    assert.match(await worker.text("/readyz?verbose"), /\[-\]vantage eeur has no evidence of locked\/only: the secret NOT_SET is not set/);
    await pageSays(worker, "locked/only", seen.output);
    assert.deepEqual(await turns("locked/only"), []);
  });
});

test("when the watch falls silent, every vote is shown as expired, and since when", async () => {
  const ask = (word) => worker.get("/livez", { headers: { "vedette-trap": word } });
  await says("shop/primary", "pass");
  await ask("down=vantage");
  const seen = await says("shop/primary", "unknown");
  assert.deepEqual([seen.served, seen.code], ["warn", 200]);
  const all = await comes("shop/primary", "has no live vote", ({ votes }) =>
    Object.values(votes).every(({ observedValue }) => observedValue === "expired"),
  );
  assertVotes(all, { weur: "expired", enam: "expired", apac: "expired" }, TTL);
  for (const vote of Object.values(all.votes)) assert.ok(Date.parse(vote.validUntil) <= Date.now(), JSON.stringify(vote));
  await pageSays(worker, "shop/primary", /(?:expired \d+ s ago.*){3}/);
  const ready = await worker.get("/readyz?verbose");
  const lines = await ready.text();
  assert.equal(ready.status, 503);
  for (const vantage of VANTAGES) assert.match(lines, new RegExp(`\\[-\\]vantage ${vantage} .*reported at .*, silent`));
  assert.ok(!(await turns("shop/primary")).includes("fail"));

  await ask("down=");
  await comes("shop/primary", "is whole again", ({ output }) => output === "3 of 3 vantages pass");
});
