// A trap throws away the wasm instance and everything in its memory: the next request succeeds and the watch goes on. And a
// worker that was started with a bad configuration knows nothing, and says so.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answers, config, origin, startWorker, until } from "./lib.mjs";

let primary, worker;

before(async () => {
  primary = await origin(answers.ok);
  worker = await startWorker(config({ shop: { primary: primary.port } }), { build: ".vedette/build-trap" });
  await until("the pool passes", async (see) => see(await worker.json("/health/shop")).status === "pass");
});

after(async () => {
  await worker?.stop();
  await primary?.stop();
});

/** Asks for a trap; what becomes of that request does not matter. */
async function trap(where) {
  const asked = { headers: { "vedette-trap": where }, signal: AbortSignal.timeout(3000) };
  await worker.get("/health/shop", asked).then((answer) => answer.text()).catch(() => {});
}

const crashes = () => worker.said().split("trapped on purpose").length;

for (const where of ["read", "arbiter", "vantage"]) {
  test(`a trap in ${where} costs no more than what was under way`, async () => {
    const before = crashes();
    await trap(where);
    await until("it trapped", async (see) => {
      if (where === "arbiter") await worker.get("/health/shop", { signal: AbortSignal.timeout(3000) }).catch(() => {});
      return see(crashes()) > before;
    });
    const answer = await until("the next request succeeds", async (see) => {
      const answer = await worker.get("/health/shop");
      return see(answer.status) === 200 && answer;
    });
    assert.ok(answer);
    const probes = primary.requests.length;
    await until("probes go on", (see) => see(primary.requests.length) >= probes + 6, 30_000);
    await until("the pool passes", async (see) => see(await worker.json("/health/shop")).status === "pass", 30_000);
  });
}

test("a worker with a bad configuration states no health", async () => {
  const bad = await startWorker('plan = "gratis"\n', { env: { VEDETTE_ALLOW_BAD_CONFIG: "1" } });
  try {
    for (const path of ["/health", "/health/shop", "/readyz", "/route/shop"]) {
      const answer = await bad.get(path);
      assert.deepEqual([answer.status, answer.headers.get("content-type")], [503, "application/problem+json"], path);
      assert.equal((await answer.json()).status, 503);
    }
    assert.equal((await bad.get("/livez")).status, 200);
  } finally {
    await bad.stop();
  }
});
