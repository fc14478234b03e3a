// `npm test`: sets up what is missing and runs every check and test, to the end even if one fails.
// What compiles comes first, what waits runs side by side, and what measures runs alone. The long
// ones are `npm run test:long`.

import { readFileSync, readdirSync } from "node:fs";
import { DEV, PACKAGE, TOOLS, builds, keep } from "./lib/builds.mjs";
import { ALONE, LOADS, WAITS } from "./lib/jobs.mjs";
import { storage } from "./lib/memory.mjs";
import { schemathesis } from "./lib/python.mjs";
import { below, main, node22 } from "./lib/run.mjs";
import { python, setup } from "./lib/setup.mjs";
import { steps } from "./lib/steps.mjs";
import { OPTIMISED } from "./lib/worker.mjs";

const node = process.execPath;
const wasm = ["--target", "wasm32-unknown-unknown", "--lib"];
const strict = ["--", "--deny", "warnings"];
const origin = { cwd: below("examples", "origin") };
const ofPython = { cwd: below("python") };
const packaged = (program) => below("node_modules", ...program.split("/"));

/** Nothing here is compiled twice, so what would make the second time quicker is not kept. */
const CARGO_INCREMENTAL = "0";

/** tests/simulation/main.rs and tests/budget/main.rs say what they are. */
const worlds = { VEDETTE_SEEDS: "2500", VEDETTE_AFTERNOONS: "50", VEDETTE_FORTNIGHTS: "5", VEDETTE_MUTANTS: "1000", VEDETTE_DAYS: "1" };
const simulated = ["--locked", "--quiet", ...OPTIMISED, "--test", "simulation", "--test", "budget"];

/** The checks, what others wait for first. */
const checks = () => [
  ...builds(),
  {
    name: "engines of the benchmark",
    command: ["cargo", "build", "--locked", ...OPTIMISED, "--example", "scale"],
    work: () => keep("debug", "examples/scale"),
    holds: DEV,
  },
  { name: "simulation: compiled", command: ["cargo", "test", "--no-run", ...simulated], holds: DEV },
  { name: "size of the upload", command: [node, "scripts/size.mjs"], needs: ["build"] },
  { name: "lints on the host", command: ["cargo", "clippy", "--locked", "--all-targets", ...strict], holds: DEV },
  { name: "lints on wasm32", command: ["cargo", "clippy", "--locked", ...wasm, "--features", "trap", ...strict], holds: DEV },
  { name: "core tests", command: ["cargo", "test", "--locked", "--quiet"], holds: DEV },
  {
    name: "documentation",
    command: ["cargo", "doc", "--locked", "--no-deps", "--document-private-items", "--lib"],
    env: { RUSTDOCFLAGS: "--deny warnings" },
    holds: DEV,
  },
  {
    name: "simulation",
    command: ["cargo", "test", ...simulated],
    env: { ...worlds, ...process.env },
    needs: ["simulation: compiled"],
    holds: DEV,
  },
  { name: "formatting", command: ["cargo", "fmt", "--check"] },
  { name: "JavaScript: lint and formatting", command: [node, packaged("@biomejs/biome/bin/biome"), "check", "--error-on-warnings"] },
  { name: "JavaScript: types", command: [node22, packaged("typescript/bin/tsc")], needs: ["build"] },
  { name: "JavaScript: what the core says", command: [node22, "--test", "tests/vectors/replay.test.mjs"] },
  { name: "sample origin: lint", command: [python, "-m", "ruff", "check", "."], ...origin },
  { name: "sample origin: formatting", command: [python, "-m", "ruff", "format", "--check", "."], ...origin },
  { name: "sample origin: tests", command: [python, "-m", "pytest", "--quiet"], ...origin },
  { name: "Python package: lint", command: [python, "-m", "ruff", "check", "."], ...ofPython },
  { name: "Python package: formatting", command: [python, "-m", "ruff", "format", "--check", "."], ...ofPython },
  { name: "Python package: types", command: [python, "-m", "mypy"], ...ofPython },
  { name: "Python package: tests of its wheel", command: [python, "-m", "pytest", "--quiet"], ...ofPython },
];

/** How the files of tests/runtime run where it is not as most do, which wait for points in time. */
const runtime = {
  // A deployment builds: beside a build with other features each would take the other's for its
  // own.
  deploy: { needs: ["build that traps on purpose"] },
  api: { cores: 0.8 },
  follow: { cores: 0.8 },
  heartbeat: { cores: 0.6 },
  "hostile-http": { cores: 1 },
  page: { cores: 1 },
  // The loop of its process goes on after the last test, by which time all is said and ended.
  "proxy-whole": { kind: LOADS, forced: true },
  "proxy-streams": { kind: LOADS },
  "hostile-bytes": { kind: LOADS },
  "hostile-memory": { kind: LOADS },
  // What it measures for half a minute is to be its own.
  "change-example": { kind: LOADS },
  bench: { kind: LOADS, needs: ["engines of the benchmark"] },
  "proxy-load": { kind: ALONE },
  release: { needs: [PACKAGE] },
  "node-command-line": { needs: [PACKAGE] },
};

/** What the step of a file of tests/runtime is called. */
const runtimeName = (name) => `worker in workerd: ${name}`;

/** Begun first, so that the last minutes are not theirs alone. */
const LONGEST = [
  "release",
  "page",
  "changes",
  "throws",
  "deploy",
  "hostile-http",
  "follow-counted",
  "budget",
  "proxy-resort",
  "follow",
  "restart",
];

/**
 * The tests in workerd, after all that compiles: they wait for points in time, which a busy machine
 * lets pass. The longest of them begin.
 */
function runtimeTests(after, skipped) {
  const names = readdirSync(below("tests", "runtime"))
    .filter((file) => file.endsWith(".test.mjs"))
    .map((file) => file.slice(0, -".test.mjs".length))
    .filter((name) => !skipped.has(name));
  const place = (name) => LONGEST.indexOf(name) + 1 || names.length;
  return names
    .sort((one, other) => place(one) - place(other))
    .map((name) => {
      const { needs = [], forced = false, ...more } = runtime[name] ?? {};
      const command = [node22, "--test", ...(forced ? ["--test-force-exit"] : []), `tests/runtime/${name}.test.mjs`];
      const traps = readFileSync(below("tests", "runtime", `${name}.test.mjs`), "utf8").includes("build-trap");
      return {
        name: runtimeName(name),
        kind: WAITS,
        command,
        env: { VEDETTE_TOOLS: TOOLS },
        ...more,
        after,
        needs: ["build", "command line", ...(traps ? ["build that traps on purpose"] : []), ...needs],
      };
    });
}

await main(async () => {
  process.env.CARGO_INCREMENTAL ??= CARGO_INCREMENTAL;
  const missing = await setup({ withPython: true, withChecks: true });
  const skipped = new Map(missing.flatMap(({ name, tests }) => tests.map((test) => [test, name])));
  if (schemathesis.isToBeHad() || process.env.CI) await schemathesis.bring();
  else skipped.set("api", "Python 3.10");
  console.log(`[test] ${storage()}`);
  const first = checks();
  const good = await steps(
    [
      ...first,
      ...runtimeTests(
        first.map(({ name }) => name),
        skipped,
      ),
    ],
    [...skipped].map(([test, name]) => `${runtimeName(test)}: there is no ${name}, nor the apt-get that would bring it`),
  );
  process.exit(good ? 0 : 1);
});
