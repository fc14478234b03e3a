// `npm test`: sets up what is missing and runs every check and test, to the end even if one fails.

import { readdirSync } from "node:fs";
import { below, main, node22, run } from "./lib/run.mjs";
import { python, setup } from "./lib/setup.mjs";

const wasm = ["--target", "wasm32-unknown-unknown", "--lib"];
const strict = ["--", "--deny", "warnings"];
const origin = { cwd: below("examples", "origin") };

/** The checks in their order: the quick ones first, what runs the worker last. */
const checks = () => [
  ["formatting", "cargo", ["fmt", "--check"]],
  ["import fence", process.execPath, ["scripts/fence.mjs"]],
  ["sample origin: lint", python, ["-m", "ruff", "check", "."], origin],
  ["sample origin: formatting", python, ["-m", "ruff", "format", "--check", "."], origin],
  ["lints on the host", "cargo", ["clippy", "--locked", "--all-targets", ...strict]],
  ["lints on wasm32", "cargo", ["clippy", "--locked", ...wasm, "--features", "trap", ...strict]],
  ["core tests", "cargo", ["test", "--locked", "--quiet"]],
  ["simulation", "cargo", ["test", "--locked", "--quiet", "--profile", "simulation", "--test", "simulation", "--test", "budget"], manyWorlds],
  ["documentation", "cargo", ["doc", "--locked", "--no-deps", "--document-private-items", "--lib"], docs],
  ["sample origin: tests", python, ["-m", "pytest", "--quiet"], origin],
  ["build", process.execPath, ["scripts/build.mjs"]],
  ["build that traps on purpose", process.execPath, ["scripts/build.mjs", "--features", "trap", "--out", ".vedette/build-trap"]],
  ["size of the upload", process.execPath, ["scripts/size.mjs"]],
  ["worker in workerd", node22, ["--test", "--test-concurrency=2", ...runtimeTests()]],
];

const docs = { env: { ...process.env, RUSTDOCFLAGS: "--deny warnings" } };

// tests/simulation/main.rs says what they are.
const manyWorlds = {
  env: { VEDETTE_SEEDS: "10000", VEDETTE_FORTNIGHTS: "20", VEDETTE_MUTANTS: "1000", VEDETTE_DAYS: "1", ...process.env },
};

function runtimeTests() {
  return readdirSync(below("tests", "runtime"))
    .filter((file) => file.endsWith(".test.mjs"))
    .map((file) => `tests/runtime/${file}`);
}

await main(async () => {
  await setup({ withPython: true, withChecks: true });
  const results = [];
  for (const [name, command, args, options = {}] of checks()) {
    const begun = Date.now();
    let passed = true;
    try {
      const output = await run(command, args, options);
      if (process.env.VEDETTE_VERBOSE) console.log(output);
    } catch (error) {
      passed = false;
      console.error(error.message);
    }
    const seconds = ((Date.now() - begun) / 1000).toFixed(1);
    results.push({ name, passed, seconds });
    console.log(`[test] ${passed ? "passed" : "FAILED"}  ${name} (${seconds} s)`);
  }
  const failed = results.filter(({ passed }) => !passed);
  console.log(failed.length ? `\nFailed: ${failed.map(({ name }) => name).join(", ")}` : "\nEverything passed.");
  console.log(`${results.length - failed.length} passed, ${failed.length} failed`);
  process.exit(failed.length ? 1 : 0);
});
