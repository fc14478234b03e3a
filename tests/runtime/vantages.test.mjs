// Three vantages that do not see the same: a minority warns and is named, a majority fails.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answers, config, origin, startWorker, until } from "./lib.mjs";

let primary, worker;
let broken = ["enam"];

before(async () => {
  primary = await origin((request, response) =>
    (broken.includes(request.headers["vedette-vantage"]) ? answers.broken : answers.ok)(request, response));
  worker = await startWorker(config({ shop: { primary: primary.port } }));
});

after(async () => {
  await worker?.stop();
  await primary?.stop();
});

test("a failure seen from one of three is a warning that names the vantage", async () => {
  const health = await until("the warning", async (see) => {
    const answer = await worker.get("/health/shop/primary");
    const health = see(await answer.json());
    return answer.status === 200 && /fails from 1 of 3.*enam: status 500/.test(health.output) && health;
  });
  assert.equal(health.status, "warn");
});

test("a failure seen from two of three is a failure", async () => {
  broken = ["enam", "apac"];
  await until("the failure", async (see) => {
    const answer = await worker.get("/health/shop/primary");
    const { output } = see(await answer.json());
    // On a busy machine a sample may have met its deadline instead; the next one is told otherwise.
    return answer.status === 503 && /2 of 3 vantages: apac, enam: status 500/.test(output);
  });
  assert.equal((await worker.get("/route/shop")).status, 503, "there is nowhere to go");
});

test("every vantage has reported and is listed", async () => {
  const text = await worker.text("/readyz?verbose");
  for (const vantage of ["weur", "enam", "apac"]) assert.ok(text.includes(`[+]vantage ${vantage} 0of1`), text);
});
