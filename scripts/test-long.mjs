// `npm run test:long`: what takes longer than `npm test` has time for: worlds by the thousand,
// long ones, rules broken on purpose, more inputs. Every step says the seed that it begins with;
// the same seed does the same again. VEDETTE_FIRST chooses another one for all of them. Then the
// package, the benchmarks, what measures, and the worker among real caches and checkers. What
// `npm test` has built is not built again.

import { DEV, PACKAGE, TOOLS, builds, keep, packs } from "./lib/builds.mjs";
import { WILD } from "./lib/debian.mjs";
import { ALONE, WAITS } from "./lib/jobs.mjs";
import { storage } from "./lib/memory.mjs";
import { healthLibraries, realServers, schemathesis } from "./lib/python.mjs";
import { main, node22 } from "./lib/run.mjs";
import { ENGINES, isLong, lacking, runtimeName, runtimeTest, runtimeTests, whySkipped } from "./lib/runtime.mjs";
import { brought, setup } from "./lib/setup.mjs";
import { steps } from "./lib/steps.mjs";
import { testsIn } from "./lib/testfiles.mjs";
import { OPTIMISED } from "./lib/worker.mjs";

/** The seed of inputs; `npm test` has another. */
const seed = process.env.VEDETTE_FIRST || "1000000";

/** The first world; `cargo test` sees the first 40 from here. */
const first = process.env.VEDETTE_FIRST || "0";

const HOURS = "8000";
const AFTERNOONS = "200";
const FORTNIGHTS = "20";
const INPUTS = "150000";
const REQUESTS = "2000";
const PAIRS = "10000";

/** So many worlds in which to find each rule that is broken on purpose. */
const MUTANTS = "1000";

const cargo = (...args) => ["cargo", "test", "--locked", "--quiet", ...args];

/** A step that `cargo` runs; what is set outside goes before `env`. */
const tested = (name, args, env) => ({ name, command: cargo(...args), env: { ...env, ...process.env }, holds: DEV });

/** A step of the simulation: one test of it, by its name. */
const worlds = (what, test, env) =>
  tested(`${what}, from seed ${first}`, [...OPTIMISED, "--test", "simulation", test], { VEDETTE_FIRST: first, ...env });

const long = () => [
  packs(),
  {
    name: ENGINES,
    command: ["cargo", "build", "--locked", ...OPTIMISED, "--example", "scale"],
    work: () => keep("debug", "examples/scale"),
    holds: DEV,
  },
  worlds(`${HOURS} worlds of an hour`, "an_hour_of_any_world", { VEDETTE_SEEDS: HOURS }),
  worlds(`${AFTERNOONS} worlds of an afternoon`, "an_afternoon_of_any_world", { VEDETTE_AFTERNOONS: AFTERNOONS }),
  worlds(`${FORTNIGHTS} worlds of two weeks`, "two_weeks_of_any_world", { VEDETTE_FORTNIGHTS: FORTNIGHTS }),
  tested("rules broken on purpose are found", [...OPTIMISED, "--test", "simulation", "every_broken_rule"], { VEDETTE_MUTANTS: MUTANTS }),
  tested("whole days cost what is calculated", [...OPTIMISED, "--test", "budget"], { VEDETTE_DAYS: "1" }),
  tested("every state that small numbers lead to", [...OPTIMISED, "--test", "walk"], { VEDETTE_WHOLE: "1" }),
  tested(`${PAIRS} pairs of windows, compared`, [...OPTIMISED, "--test", "compare"], { VEDETTE_PAIRS: PAIRS }),
  tested(`${INPUTS} hostile inputs, seed ${seed}`, [...OPTIMISED, "--test", "fuzz"], {
    VEDETTE_FUZZ_SEED: seed,
    VEDETTE_FUZZ_ITERATIONS: INPUTS,
  }),
  {
    name: "one commit makes one package",
    // A checkout compiles into a folder of its own.
    command: [node22, "--test", "tests/release/reproducible.test.mjs"],
    needs: [PACKAGE],
  },
];

/** What the step of a file of tests/wild is called. */
const wildName = (name) => `worker among programs of others: ${name}`;

/** What of tests/wild has a load of its own: beside others it would say how busy the machine is. */
const MEASURES = new Set(["restart"]);

/**
 * The tests with caches and checkers of others, after all that compiles: they wait for points in
 * time.
 */
function wild(after, skipped) {
  const names = testsIn("wild").filter((name) => !skipped.has(name));
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

/** What files of tests/runtime look at that `npm test` runs as well, with less to look at. */
const FURTHER = {
  doors: { what: "all of it", env: { VEDETTE_WHOLE: "1" } },
  page: { what: "all of it", env: { VEDETTE_WHOLE: "1" } },
  api: {
    what: `${REQUESTS} requests, seed ${process.env.VEDETTE_FIRST || "20"}`,
    env: { VEDETTE_REQUESTS: process.env.VEDETTE_REQUESTS || REQUESTS },
  },
};

const further = (after, skipped) =>
  Object.entries(FURTHER)
    .filter(([name]) => !skipped.has(name))
    .map(([name, { what, env }]) => {
      const step = runtimeTest(name, after);
      return { ...step, name: `${step.name}, ${what}`, env: { ...env, ...step.env } };
    });

await main(async () => {
  process.env.CARGO_INCREMENTAL ??= "0";
  const [ours, others] = [lacking(await setup({ withPython: true, withChecks: true })), lacking(await brought(WILD))];
  await healthLibraries.bring();
  await realServers.bring();
  if (schemathesis.isToBeHad() || process.env.CI) await schemathesis.bring();
  else ours.set("api", "Python 3.10");
  console.log(`[test] ${storage()}`);
  const compiled = [...builds(), ...long()];
  const after = compiled.map(({ name }) => name);
  const isHere = ([name]) => isLong(name) || name in FURTHER;
  const good = await steps(
    [...compiled, ...further(after, ours), ...wild(after, others), ...runtimeTests({ long: true, after, skipped: ours })],
    // A file may need several programs.
    [...whySkipped([...ours].filter(isHere), runtimeName), ...whySkipped(others, wildName)],
  );
  process.exit(good ? 0 : 1);
});
