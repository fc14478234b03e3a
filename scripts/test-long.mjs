// `npm run test:long`: what looks for longer than `npm test` has time for: more worlds, longer ones, more inputs. Every step says the seed
// that it begins with; the same seed does the same again. VEDETTE_FIRST chooses another one for all of them.

import { main } from "./lib/run.mjs";
import { setup } from "./lib/setup.mjs";
import { steps } from "./lib/steps.mjs";

/** Worlds that `npm test` does not see, which begins with 0. */
const first = process.env.VEDETTE_FIRST || "1000000";

const cargo = (...args) => ["cargo", "test", "--locked", "--quiet", "--profile", "simulation", ...args];

/** A step of the simulation: one test of it, by its name. */
const worlds = (what, test, env) => ({
  name: `${what}, from seed ${first}`,
  command: cargo("--test", "simulation", test),
  env: { VEDETTE_FIRST: first, ...env, ...process.env },
  needs: ["compiled"],
});

const HOURS = "40000";
const FORTNIGHTS = "50";
const DAYS = "3";
const INPUTS = "2000000";
const CASES = "2000";

const suites = ["--lib", "--test", "simulation", "--test", "budget", "--test", "fuzz", "--test", "config", "--test", "routing"];

const long = () => [
  { name: "compiled", command: cargo("--no-run", ...suites) },
  worlds(`${HOURS} worlds of an hour`, "an_hour_of_any_world", { VEDETTE_SEEDS: HOURS }),
  worlds(`${FORTNIGHTS} worlds of two weeks`, "two_weeks_of_any_world", { VEDETTE_FORTNIGHTS: FORTNIGHTS }),
  {
    name: `what ${DAYS} days at rest cost`,
    command: cargo("--test", "budget"),
    env: { VEDETTE_DAYS: DAYS, ...process.env },
    needs: ["compiled"],
  },
  {
    name: `${INPUTS} hostile inputs, seed ${first}`,
    command: cargo("--test", "fuzz"),
    env: { VEDETTE_FUZZ_SEED: first, VEDETTE_FUZZ_ITERATIONS: INPUTS, ...process.env },
    needs: ["compiled"],
  },
  {
    name: `${CASES} cases of each law, seed ${first}`,
    command: cargo("--lib", "--test", "config", "--test", "routing"),
    env: { PROPTEST_RNG_SEED: first, PROPTEST_CASES: CASES, ...process.env },
    needs: ["compiled"],
  },
];

await main(async () => {
  process.env.CARGO_INCREMENTAL ??= "0";
  await setup({ withPython: true, withChecks: true });
  process.exit((await steps(long())) ? 0 : 1);
});
