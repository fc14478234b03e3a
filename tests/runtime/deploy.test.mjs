// What `wrangler deploy` lets through: nothing leaves this machine here (`--dry-run`), but the
// build command and its check of the configuration are the ones of a real deployment.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { finished, root } from "./lib.mjs";
import { node22 } from "../../scripts/lib/run.mjs";

const folder = mkdtempSync(join(tmpdir(), "vedette-deploy-"));
// A deployment puts its configuration beside the built worker; what was there before comes back
// afterwards.
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

/** Runs the deployment up to where it would be sent: `script` is run with `args`. */
function dryRun(name, { config, script = "scripts/deploy.mjs", args = [] } = {}) {
  const out = join(folder, name);
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false", WRANGLER_SEND_ERROR_REPORTS: "false" };
  delete env.VEDETTE_CONFIG;
  if (config) {
    env.VEDETTE_CONFIG = join(folder, `${name}.toml`);
    writeFileSync(env.VEDETTE_CONFIG, config);
  }
  return finished(node22, [join(root, script), ...args, "--dry-run", "--outdir", out], { cwd: root, env }, 240_000).then((result) => ({
    ...result,
    out,
  }));
}

const PUBLIC = watching("https://origin.example");

test("the sample configuration is refused in sentences, because its origins are on this machine", async () => {
  const { code, said } = await dryRun("sample");
  assert.notEqual(code, 0, said);
  for (const name of ["primary", "standby"]) assert.match(said, new RegExp(`origin\\.${name}: its url .* is this machine`), said);
  assert.match(said, /\nNothing was deployed\.\s*$/);
  for (const line of said.trim().split("\n")) assert.match(line, /^(\[setup\] |[a-z][a-z_.]*: |Nothing )/, said);
});

test("a configuration with problems is refused by wrangler's own command, too, and all of them are printed", async () => {
  const config = `plan = "gratis"\n${watching("ftp://origin.example")}`;
  const { code, said } = await dryRun("bad", { config, script: "node_modules/wrangler/bin/wrangler.js", args: ["deploy"] });
  assert.notEqual(code, 0, said);
  assert.match(said, /plan/, said);
  assert.match(said, /url/, said);
});

test("a refused deployment leaves no configuration of its own behind", () => {
  assert.deepEqual(readFileSync(placed), original);
});

test("a configuration with public addresses is accepted for an address of one's own, and travels with the worker", async () => {
  const { code, said, out } = await dryRun("public", { config: PUBLIC, args: ["--domain", "health.example.com"] });
  assert.equal(code, 0, said);
  for (const name of ["VANTAGE", "ARBITER", "SNAPSHOTS"]) assert.ok(said.includes(`env.${name}`), said);
  const files = readdirSync(out);
  assert.ok(
    files.some((file) => file.endsWith(".wasm")),
    files.join(" "),
  );
  const config = files.find((file) => file.endsWith("config.txt"));
  assert.ok(config, files.join(" "));
  assert.match(readFileSync(join(out, config), "utf8"), /"host":"origin\.example"/);
});

/** A wrangler.toml like the project's, with `more` at its end; it builds nothing. */
function wranglers(name, more) {
  const text = readFileSync(join(root, "wrangler.toml"), "utf8");
  const file = join(folder, `${name}.wrangler.toml`);
  const main = text.replace('main = "entry.mjs"', `main = ${JSON.stringify(join(root, "entry.mjs"))}`);
  writeFileSync(file, `${main.replace(/\[build\]\n.*\n.*\n/, "")}\n${more}`);
  return ["--config", file, "--env", "staging"];
}

test("an environment without objects is refused, and one that repeats them is deployed with them", async () => {
  const objects = (names) => names.map((name) => `{ name = "${name.toUpperCase()}", class_name = "${name}" }`).join(", ");
  const half = `[env.staging]\ndurable_objects = { bindings = [${objects(["Vantage"])}] }`;
  for (const [name, more, missing] of [
    ["none", "[env.staging]\nworkers_dev = true", /\[env\.staging\] lacks the objects VANTAGE = Vantage and ARBITER = Arbiter, /],
    ["half", half, /\[env\.staging\] lacks the objects ARBITER = Arbiter, /],
  ]) {
    const { code, said } = await dryRun(name, { config: PUBLIC, args: wranglers(name, more) });
    assert.notEqual(code, 0, said);
    assert.match(said, missing);
    assert.match(said, /\nNothing was deployed\.\s*$/);
  }
  const whole = `[env.staging]\ndurable_objects = { bindings = [${objects(["Vantage", "Arbiter"])}] }`;
  const { code, said } = await dryRun("whole", { config: PUBLIC, args: wranglers("whole", whole) });
  assert.equal(code, 0, said);
  for (const name of ["VANTAGE", "ARBITER"]) assert.ok(said.includes(`env.${name}`), said);
});
