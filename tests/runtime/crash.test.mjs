// A trap throws away the wasm instance and everything in its memory: the next request succeeds and
// the watch goes on.

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
  // A target that is not written in the usual way is never answered from what is kept: it enters
  // wasm.
  await worker
    .get("/health/shop?now", asked)
    .then((answer) => answer.text())
    .catch(() => {});
}

const crashes = () => worker.said().split("trapped on purpose").length;

for (const where of ["read", "arbiter", "vantage"]) {
  test(`a trap in ${where} costs no more than what was under way`, async () => {
    const before = crashes();
    await trap(where);
    await until("it trapped", async (see) => {
      if (where === "arbiter") await worker.get("/health/shop?now", { signal: AbortSignal.timeout(3000) }).catch(() => {});
      return see(crashes()) > before;
    });
    // Only after a crash of the reader is it certain that nothing else is coming back at this
    // moment.
    if (where === "read") assert.equal((await worker.get("/health/shop")).status, 200, "the very next request succeeds");
    await until("requests succeed", async (see) => see((await worker.get("/health/shop")).status) === 200);
    const probes = primary.requests.length;
    await until("probes go on", (see) => see(primary.requests.length) >= probes + 6, 30_000);
    await until("the pool passes", async (see) => see(await worker.json("/health/shop")).status === "pass", 30_000);
  });
}
