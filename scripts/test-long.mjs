// `npm run test:long`: what looks for longer than `npm test` has time for: more worlds, longer
// ones, more inputs. Every step says the seed that it begins with; the same seed does the same
// again. VEDETTE_FIRST chooses another one for all of them. Then the worker meets real caches and
// checkers. What it compiles is what `npm test` has compiled already.

import { readdirSync } from "node:fs";
import { TOOLS, builds } from "./lib/builds.mjs";
import { WILD } from "./lib/debian.mjs";
import { ALONE, WAITS } from "./lib/jobs.mjs";
import { healthLibraries, realServers, schemathesis } from "./lib/python.mjs";
import { below, main, node22 } from "./lib/run.mjs";
import { brought, setup } from "./lib/setup.mjs";
import { steps } from "./lib/steps.mjs";

/** The seed of inputs; `npm test` has another. */
const seed = process.env.VEDETTE_FIRST || "1000000";

/** The first world: `npm test` sees the first 2,500 from here. */
const first = process.env.VEDETTE_FIRST || "0";

const HOURS = "10000";
const FORTNIGHTS = "20";
const INPUTS = "150000";
const REQUESTS = "2000";
const PAIRS = "10000";

const cargo = (...args) => ["cargo", "test", "--locked", "--quiet", ...args];

/** A step of the simulation: one test of it, by its name. */
const worlds = (what, test, env) => ({
  name: `${what}, from seed ${first}`,
  command: cargo("--config", "tests/optimised.toml", "--test", "simulation", test),
  env: { VEDETTE_FIRST: first, ...env, ...process.env },
  holds: "dev",
});

const long = () => [
  worlds(`${HOURS} worlds of an hour`, "an_hour_of_any_world", { VEDETTE_SEEDS: HOURS }),
  worlds(`${FORTNIGHTS} worlds of two weeks`, "two_weeks_of_any_world", { VEDETTE_FORTNIGHTS: FORTNIGHTS }),
  {
    name: `${INPUTS} hostile inputs, seed ${seed}`,
    command: cargo("--test", "fuzz"),
    env: { VEDETTE_FUZZ_SEED: seed, VEDETTE_FUZZ_ITERATIONS: INPUTS, ...process.env },
    holds: "dev",
  },
  {
    name: `${PAIRS} pairs of windows, compared`,
    command: cargo("--config", "tests/optimised.toml", "--test", "compare"),
    env: { VEDETTE_PAIRS: PAIRS, ...process.env },
    holds: "dev",
  },
  {
    name: "one commit makes one package",
    // Two checkouts compile into folders of their own.
    command: [node22, "--test", "tests/release/reproducible.test.mjs"],
  },
];

/** More requests of what `/openapi.json` describes than `npm test` makes. */
const described = (after) => ({
  name: `${REQUESTS} requests of the API, seed ${process.env.VEDETTE_FIRST || "20"}`,
  kind: WAITS,
  command: [node22, "--test", "tests/runtime/api.test.mjs"],
  env: { VEDETTE_TOOLS: TOOLS, VEDETTE_REQUESTS: REQUESTS, ...process.env },
  cores: 0.8,
  after,
  needs: builds().map((step) => step.name),
});

/** What the step of a file of tests/wild is called. */
const wildName = (name) => `worker among programs of others: ${name}`;

/** What of tests/wild has a load of its own: beside others it would say how busy the machine is. */
const MEASURES = new Set(["restart"]);

/**
 * The tests with caches and checkers of others, after all that compiles: they wait for points in
 * time.
 */
function wild(after, skipped) {
  const names = readdirSync(below("tests", "wild"))
    .filter((file) => file.endsWith(".test.mjs"))
    .map((file) => file.slice(0, -".test.mjs".length))
    .filter((name) => !skipped.has(name));
  return names.map((name) => ({
    name: wildName(name),
    kind: MEASURES.has(name) ? ALONE : WAITS,
    command: [node22, "--test", `tests/wild/${name}.test.mjs`],
    env: { VEDETTE_TOOLS: TOOLS },
    cores: 0.6,
    after,
    needs: builds().map((step) => step.name),
  }));
}

await main(async () => {
  process.env.CARGO_INCREMENTAL ??= "0";
  await setup({ withPython: true, withChecks: true });
  await healthLibraries.bring();
  await realServers.bring();
  const missing = await brought(WILD);
  // A file may need several programs.
  const skipped = new Map(missing.flatMap(({ name, tests }) => tests.map((test) => [test, name])));
  const asks = schemathesis.isToBeHad() || process.env.CI;
  if (asks) await schemathesis.bring();
  const first = [...builds(), ...long()];
  const names = first.map(({ name }) => name);
  const api = asks ? [described(names)] : [];
  const good = await steps(
    [...first, ...api, ...wild(names, skipped)],
    [...skipped].map(([test, name]) => `${wildName(test)}: there is no ${name}, nor the apt-get that would bring it`),
  );
  process.exit(good ? 0 : 1);
});
