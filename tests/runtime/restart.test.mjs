// What survives: a killed runtime, an edited configuration, a bad one.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answers, config, origin, startWorker, until } from "./lib.mjs";

let primary, worker;

before(async () => {
  primary = await origin(answers.broken);
  worker = await startWorker(config({ shop: { primary: primary.port } }), { laptop: true });
});

after(async () => {
  await worker?.stop();
  await primary?.stop();
});

const verdict = async () => (await worker.json("/health/shop/primary")).checks["shop/primary:verdict"][0];

test("verdicts, their since and the events survive a killed runtime", async () => {
  await until("the origin fails", async (see) => see(await verdict()).observedValue === "fail");
  const before = await verdict();
  await worker.kill9();
  await worker.start();
  const after = await until("the verdict is there again", async (see) => {
    const found = see(await verdict());
    return found.observedValue === "fail" && found;
  });
  assert.equal(after.since, before.since);
  const page = (await worker.text("/")).replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
  assert.match(page, /Recent events .* shop fail for \d+ \w+ so far \d of \d vantages: .* status 500 is not expected/);
});

test("the watch goes on by itself after it", async () => {
  primary.answer = answers.ok;
  await until("the origin passes", async (see) => see(await verdict()).observedValue === "pass");
});

test("verdicts and their since survive an orderly restart", async () => {
  const before = await verdict();
  const from = primary.requests.length;
  await worker.restart();
  const after = await until("the verdict is there again", async (see) => {
    const found = see(await verdict());
    return found.observedValue === "pass" && found;
  });
  assert.equal(after.since, before.since);
  await until("probing goes on", (see) => see(primary.requests.length) >= from + 6);
});

test("objects that are lost in the middle of a tick make no failure of it", async () => {
  const before = await verdict();
  const held = [];
  const from = primary.requests.length;
  primary.answer = (_, response) => held.push(response);
  await until("probes of all three vantages are under way", (see) => see(primary.requests.length) >= from + 3);
  await worker.kill9();
  held.forEach((response) => response.destroy());
  primary.answer = answers.ok;
  await worker.start();
  const after = primary.requests.length;
  await until("probing goes on", (see) => see(primary.requests.length) >= after + 6);
  const found = await verdict();
  assert.deepEqual([found.observedValue, found.since], [before.observedValue, before.since], "nothing was seen, nothing changed");
});

test("an edited configuration reloads; a bad one leaves the last good one", async () => {
  worker.edit(config({ shop: { primary: primary.port }, extra: { only: primary.port } }));
  await until("the new pool is there", async (see) => see((await worker.get("/health/extra")).status) === 200, 30_000);
  worker.edit("[[pool]]\nname = 7\n");
  await until(
    "the problems are printed",
    (see) => {
      see(worker.said().slice(-500));
      return worker.said().includes("the last good one stays");
    },
    30_000,
  );
  assert.equal((await worker.get("/health/extra")).status, 200);
});
