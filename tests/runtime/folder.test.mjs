// One instance for each state folder.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { freePort } from "../../scripts/lib/ports.mjs";
import { answers, config, origin, refusedStart, root, startWorker, until } from "./lib.mjs";

let primary, worker;

before(async () => {
  primary = await origin(answers.ok);
  worker = await startWorker(config({ shop: { primary: primary.port } }, { vantages: ["weur"] }), { laptop: true });
});

after(async () => {
  await worker?.stop();
  await primary?.stop();
});

const settings = async () => ({
  VEDETTE_CONFIG: worker.file,
  VEDETTE_STATE: join(worker.folder, "state"),
  VEDETTE_BUILD: join(root, "build"),
  PORT: String(await freePort()),
});

test("a second instance on a state folder is refused, with the folder and the way out, and the first goes on", async () => {
  const { code, said } = await refusedStart(await settings());
  assert.notEqual(code, 0);
  assert.match(said, new RegExp(`${join(worker.folder, "state")} is in use by another instance \\(process ${worker.pid}\\)`));
  assert.match(said, /VEDETTE_STATE=/);
  await until("the first one still watches", async (see) => see(await worker.text("/health/shop?format=text")) === "pass\n");
  const before = primary.requests.length;
  await until("it probes on", () => primary.requests.length > before + 2);
});

test("what an instance has left that is gone counts for nothing", async () => {
  await worker.kill9();
  assert.match(readFileSync(join(worker.folder, "state", "running"), "utf8"), /^\d+ \S+\n$/);
  // The number may be another process's by now.
  writeFileSync(join(worker.folder, "state", "running"), `${process.pid} 1\n`);
  await worker.start();
  assert.equal((await worker.get("/livez")).status, 200);
});

test("a lock that is no lock is none", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vedette-lock-"));
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "running"), "half a li");
    const { takeFolder } = await import("../../scripts/lib/lock.mjs");
    takeFolder(folder);
    assert.throws(() => takeFolder(folder), /is in use by another instance/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
