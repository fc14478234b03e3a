// What `wrangler deploy` lets through: nothing leaves this machine here (`--dry-run`), but the build command and its check of
// the configuration are the ones of a real deployment.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { finished, root } from "./lib.mjs";
import { node22 } from "../../scripts/lib/run.mjs";

const folder = mkdtempSync(join(tmpdir(), "vedette-deploy-"));
// A deployment puts its configuration beside the built worker; what was there before comes back afterwards.
const placed = join(root, "build", "config.txt");
let original;

before(() => {
  original = readFileSync(placed);
});

after(() => {
  const half = join(root, ".vedette", `config.txt.${process.pid}`);
  writeFileSync(half, original);
  renameSync(half, placed);
  rmSync(folder, { recursive: true, force: true });
});

/** A configuration with one origin at this address. */
const watching = (url) => `[[pool]]\nname = "shop"\n\n  [[pool.origin]]\n  name = "primary"\n  url = "${url}"\n`;

/** Runs the deployment up to where it would be sent. */
function dryRun(name, config) {
  const out = join(folder, name);
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false", WRANGLER_SEND_ERROR_REPORTS: "false" };
  delete env.VEDETTE_CONFIG;
  if (config) {
    env.VEDETTE_CONFIG = join(folder, `${name}.toml`);
    writeFileSync(env.VEDETTE_CONFIG, config);
  }
  const wrangler = join(root, "node_modules", "wrangler", "bin", "wrangler.js");
  const args = [wrangler, "deploy", "--dry-run", "--outdir", out];
  return finished(node22, args, { cwd: root, env }, 240_000).then((result) => ({ ...result, out }));
}

test("the sample configuration is refused, because its origins are on this machine", async () => {
  const { code, said } = await dryRun("sample");
  assert.notEqual(code, 0, said);
  for (const name of ["primary", "standby"]) assert.match(said, new RegExp(name), said);
  assert.match(said, /this machine|loopback/i, said);
});

test("a configuration with problems is refused, and all of them are printed", async () => {
  const { code, said } = await dryRun("bad", `plan = "gratis"\n${watching("ftp://origin.example")}`);
  assert.notEqual(code, 0, said);
  assert.match(said, /plan/, said);
  assert.match(said, /url/, said);
});

test("a refused deployment leaves no configuration of its own behind", () => {
  assert.deepEqual(readFileSync(placed), original);
});

test("a configuration with public addresses is accepted and travels with the worker", async () => {
  const { code, said, out } = await dryRun("public", watching("https://origin.example"));
  assert.equal(code, 0, said);
  const files = readdirSync(out);
  assert.ok(files.some((file) => file.endsWith(".wasm")), files.join(" "));
  const config = files.find((file) => file.endsWith("config.txt"));
  assert.ok(config, files.join(" "));
  assert.match(readFileSync(join(out, config), "utf8"), /"host":"origin\.example"/);
});
