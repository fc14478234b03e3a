// Starts that are refused, and a worker that runs on a bad configuration all the same: it knows
// nothing, and says so.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { answers, config, origin, refusedStart, root, startWorker } from "./lib.mjs";
import { freePort } from "../../scripts/lib/ports.mjs";

const BAD = 'plan = "gratis"\n\n[[pool]]\nname = 7\n';
const folder = mkdtempSync(join(tmpdir(), "vedette-bad-"));
let primary, worker;

before(async () => {
  primary = await origin(answers.ok);
  worker = await startWorker(BAD, { laptop: true, env: { VEDETTE_ALLOW_BAD_CONFIG: "1" } });
});

after(async () => {
  await worker?.stop();
  await primary?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the worker on this configuration, expecting that it does not start. */
async function refused(text, port) {
  const file = join(folder, "vedette.toml");
  writeFileSync(file, text);
  const settings = { VEDETTE_CONFIG: file, VEDETTE_STATE: join(folder, "state"), VEDETTE_BUILD: join(root, "build") };
  const { code, said } = await refusedStart({ ...settings, PORT: String(port) });
  assert.equal(code, 1, said);
  assert.doesNotMatch(said, /vedette listens|\n +at /, "it did not start, and needs no stack to say why");
  return said.trim();
}

for (const path of ["/health", "/health/shop", "/health/shop/primary", "/readyz", "/route/shop"]) {
  test(`${path} of a worker with a bad configuration is a problem and states no health`, async () => {
    const answer = await worker.get(path);
    assert.deepEqual([answer.status, answer.headers.get("content-type")], [503, "application/problem+json"]);
    const text = await answer.text();
    assert.doesNotMatch(text, /"(pass|warn|fail|unknown)"/);
    const problem = JSON.parse(text);
    assert.equal(problem.status, 503);
    assert.ok(problem.title && problem.detail);
  });
}

test("it lives nonetheless", async () => {
  assert.equal((await worker.get("/livez")).status, 200);
});

test("a monitor that reads one word gets none from it", async () => {
  const answer = await worker.get("/health?format=text");
  assert.equal(answer.status, 503);
  assert.doesNotMatch(await answer.text(), /^(pass|warn|fail|unknown)\s*$/);
});

test("a bad configuration is refused at the start, and every problem is printed", async () => {
  const said = await refused(BAD, await freePort());
  assert.match(said, /plan/);
  assert.match(said, /pool/);
});

test("a configuration that is not there is refused with its path", async () => {
  const file = join(folder, "nowhere.toml");
  const { code, said } = await refusedStart({ VEDETTE_CONFIG: file, PORT: String(await freePort()) });
  assert.equal(code, 1, said);
  assert.ok(said.includes(file), said);
});

test("a port in use is refused in one sentence", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => holder.once("listening", resolve));
  const { port } = holder.address();
  try {
    const said = await refused(config({ shop: { primary: primary.port } }), port);
    assert.match(said, new RegExp(`^Port ${port} of 127\\.0\\.0\\.1.* is in use.*PORT.*\\.$`));
  } finally {
    holder.close();
  }
});

test("a port that is none is refused in one sentence", async () => {
  assert.match(await refused(config({ shop: { primary: primary.port } }), "http"), /^PORT is http; .*\.$/);
});
