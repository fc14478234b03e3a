// `npm run lint`: clippy on both targets, rustdoc, Biome, TypeScript, ruff and mypy, to the end
// even if one of them finds something. What `npm test` has built is not built again.

import { BUILD, DEV, builds } from "./lib/builds.mjs";
import { below, main, node22 } from "./lib/run.mjs";
import { python, setup } from "./lib/setup.mjs";
import { steps } from "./lib/steps.mjs";

const wasm = ["--target", "wasm32-unknown-unknown", "--lib", "--features", "trap"];
const strict = ["--", "--deny", "warnings"];
const packaged = (program) => below("node_modules", ...program.split("/"));

/** The Python of the project, by folder. */
const origin = { cwd: below("examples", "origin") };
const ofPython = { cwd: below("python") };

const lints = () => [
  { name: "lints on the host", command: ["cargo", "clippy", "--locked", "--all-targets", ...strict], holds: DEV },
  { name: "lints on wasm32", command: ["cargo", "clippy", "--locked", ...wasm, ...strict], holds: DEV },
  {
    name: "documentation",
    command: ["cargo", "doc", "--locked", "--no-deps", "--document-private-items", "--lib"],
    env: { RUSTDOCFLAGS: "--deny warnings" },
    holds: DEV,
  },
  { name: "formatting", command: ["cargo", "fmt", "--check"] },
  {
    name: "JavaScript: lint and formatting",
    command: [process.execPath, packaged("@biomejs/biome/bin/biome"), "check", "--error-on-warnings"],
  },
  // It reads the types of the built worker.
  { name: "JavaScript: types", command: [node22, packaged("typescript/bin/tsc")], needs: [BUILD] },
  { name: "sample origin: lint", command: [python, "-m", "ruff", "check", "."], ...origin },
  { name: "sample origin: formatting", command: [python, "-m", "ruff", "format", "--check", "."], ...origin },
  { name: "Python package: lint", command: [python, "-m", "ruff", "check", "."], ...ofPython },
  { name: "Python package: formatting", command: [python, "-m", "ruff", "format", "--check", "."], ...ofPython },
  { name: "Python package: types", command: [python, "-m", "mypy"], ...ofPython },
];

await main(async () => {
  process.env.CARGO_INCREMENTAL ??= "0";
  await setup({ withPython: true, withChecks: true });
  process.exit((await steps([...builds(), ...lints()])) ? 0 : 1);
});
