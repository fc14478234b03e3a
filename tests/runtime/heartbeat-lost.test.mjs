// A heartbeat that cannot be stored is not confirmed: the job is told to send it again, and nothing
// is green or failing by it.

import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startWorker, until } from "./lib.mjs";

const secret = randomBytes(16).toString("hex");
const folder = mkdtempSync(join(tmpdir(), "vedette-heartbeat-"));
const mac = createHmac("sha256", secret).update("vedette heartbeat v1 jobs/nightly").digest("base64url");
const config = `heartbeat_secret = "HEARTBEAT_KEY"
[[pool]]
name = "jobs"
origin = [{ name = "nightly", kind = "heartbeat", period = "1h" }]
`;

let worker;
before(async () => {
  const file = join(folder, "secrets");
  writeFileSync(file, `HEARTBEAT_KEY=${secret}\n`);
  worker = await startWorker(config, { build: ".vedette/build-trap", env: { VEDETTE_SECRETS: file } });
});
after(async () => {
  await worker?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const beat = () => worker.get(`/v1/heartbeat/jobs.nightly.${mac}`, { method: "POST" });
const down = (parts) => worker.get("/livez", { headers: { "vedette-trap": `down=${parts}` } });
const verdict = async () => (await worker.json("/health/jobs/nightly")).checks["jobs/nightly:verdict"][0].observedValue;

for (const part of ["arbiter", "arbiter-hangs", "last-row"]) {
  test(`a heartbeat is not confirmed while ${part} is down`, async () => {
    await down(part);
    const answer = await beat();
    assert.deepEqual([answer.status, answer.headers.get("retry-after")], [503, "5"]);
    assert.equal((await answer.json()).type, "urn:vedette:problem:heartbeat-not-stored");
    await down("");
    assert.equal(await verdict(), "unknown");
  });
}

test("one that is sent again is stored, and crashes do not lose it", async () => {
  assert.equal((await beat()).status, 204);
  await until("it passes", async (see) => {
    const status = await verdict();
    see(status);
    return status === "pass";
  });
  await worker.get("/livez", { headers: { "vedette-trap": "arbiter" } });
  // Whoever wakes the Arbiter next makes it crash; the one after that finds what was stored.
  await until("it passes again", async () => {
    await worker.get("/health/jobs");
    return worker.said().includes("instance_replaced") && (await verdict()) === "pass";
  });
});
