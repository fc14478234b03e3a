// The rows of one step of the Arbiter land together or not at all: a write that fails in the middle
// leaves nothing behind, and no verdict changes without its event.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { verdict } from "./explained.mjs";
import { answers, config, origin, startWorker, storedChanges, until } from "./lib.mjs";

let primary, worker;

before(async () => {
  primary = await origin(answers.ok);
  worker = await startWorker(config({ shop: { primary: primary.port } }), { build: ".vedette/build-trap" });
  await until("the pool passes", async (see) => see(await verdict(worker, "shop/primary")).output === "3 of 3 vantages pass");
});

after(async () => {
  await worker?.stop();
  await primary?.stop();
});

const failures = () => worker.said().split("not written, on purpose").length - 1;

/** The changes of an origin, oldest first: `["unknown", "pass"]` is one. */
const changes = async (id) => (await storedChanges(worker)).filter(({ subject }) => subject === id).map(({ from, to }) => [from, to]);

test("a write that fails in the middle leaves nothing behind", async () => {
  const before = await changes("shop/primary");
  await worker.get("/livez", { headers: { "vedette-trap": "down=last-row" } });
  primary.answer = answers.broken;
  await until("three writes have failed", (see) => see(failures()) >= 3);
  assert.equal((await verdict(worker, "shop/primary")).observedValue, "pass", "what could not be stored is not said");
  assert.deepEqual(await changes("shop/primary"), before);

  await worker.get("/livez", { headers: { "vedette-trap": "down=" } });
  await until("the origin fails", async (see) => see(await verdict(worker, "shop/primary")).observedValue === "fail");
  const told = await changes("shop/primary");
  assert.deepEqual(told.slice(0, before.length), before);
  told.slice(1).forEach(([from], index) => assert.equal(from, told[index][1], `no change without its event: ${JSON.stringify(told)}`));
  assert.equal(told.at(-1)[1], "fail");
  assert.deepEqual(
    told,
    [...new Set(told.map(String))].map((pair) => pair.split(",")),
    "and none is told twice",
  );
});
