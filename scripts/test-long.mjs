// `npm run test:long`: what looks for longer than `npm test` has time for: more worlds, longer ones, more inputs. Every step says the seed
// that it begins with; the same seed does the same again. VEDETTE_FIRST chooses another one for all of them. What it compiles is what
// `npm test` has compiled already.

import { main } from "./lib/run.mjs";
import { setup } from "./lib/setup.mjs";
import { steps } from "./lib/steps.mjs";

/** The seed of inputs; `npm test` has another. */
const seed = process.env.VEDETTE_FIRST || "1000000";

/** The first world: `npm test` sees the first 2,500 from here. */
const first = process.env.VEDETTE_FIRST || "0";

const HOURS = "10000";
const FORTNIGHTS = "20";
const INPUTS = "150000";

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
];

await main(async () => {
  process.env.CARGO_INCREMENTAL ??= "0";
  await setup({ withPython: true, withChecks: true });
  process.exit((await steps(long())) ? 0 : 1);
});
