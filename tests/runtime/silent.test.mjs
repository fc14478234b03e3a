// An Arbiter that does not answer: readers live on their copy until its evidence expires, and then
// say that they know nothing; a report that is lost is made good.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answers, config, origin, startWorker, until } from "./lib.mjs";

let primary, worker;

before(async () => {
  primary = await origin(answers.ok);
  const text = config({ shop: { primary: primary.port } }).replace('name = "shop"', 'name = "shop"\nvote_ttl = "5s"');
  worker = await startWorker(text, { build: ".vedette/build-trap" });
  await until("the pool passes", async (see) => see(await worker.json("/health/shop")).status === "pass");
});

after(async () => {
  await worker?.stop();
  await primary?.stop();
});

const ask = (word) => worker.get("/livez", { headers: { "vedette-trap": word } });

test("a reader serves its copy, says so, and never stays green on it", async () => {
  await ask("down=arbiter");
  const stale = await until("a copy from memory", async (see) => {
    const answer = await worker.get("/health/shop");
    return see(answer.headers.get("cache-status")).includes("arbiter silent") && answer;
  });
  assert.equal(stale.status, 200);
  assert.equal((await worker.get("/readyz")).status, 503);
  const expired = await until("the copy has expired", async (see) => {
    const health = await worker.json("/health/shop/primary");
    return see(health.checks["shop/primary:verdict"][0].observedValue) === "unknown" && health;
  });
  assert.equal(expired.status, "warn");
  assert.match(expired.output, /no fresh evidence since/);
  const signal = await worker.json("/route/shop");
  assert.deepEqual([signal.origin, signal.status, signal.ttl], ["primary", "unknown", 0]);
});

test("a report that is refused is sent again with the next tick, not at once", async () => {
  const lost = () => worker.said().split("report_lost").length;
  const [reports, probes] = [lost(), primary.requests.length];
  await until("a dozen more probes", (see) => see(primary.requests.length) >= probes + 12);
  // Twice a tick: what the last one lost, and what this one saw; three vantages may be in mid-tick.
  assert.ok(lost() - reports <= 2 * 12 + 2 * 3, `${lost() - reports} reports were lost in 12 probes`);
});

test("an Arbiter that hangs keeps no reader waiting that has a copy", async () => {
  await ask("down=");
  await until("the pool passes", async (see) => see(await worker.json("/health/shop")).status === "pass");
  await ask("down=arbiter-hangs");
  const from = async (path) => (await worker.get(path)).headers.get("cache-status");
  await until("a copy from memory", async (see) => see(await from("/health/shop?now")).includes("arbiter silent"));
  // Each is answered long before the Arbiter, which takes a minute; the client gives up after ten
  // seconds.
  const many = await Promise.all(Array.from({ length: 50 }, () => from("/health/shop?now")));
  assert.deepEqual(
    many.filter((line) => !line.startsWith("vedette; hit")),
    [],
  );
});

test("when it answers again the verdict is there within moments", async () => {
  await ask("down=");
  await until("the pool passes", async (see) => see(await worker.json("/health/shop")).status === "pass");
});
