// `npm test`: sets up what is missing and runs the tests, to the end even if one fails. What
// compiles comes first, then the tests in workerd, side by side. `npm run lint` has the checks, and
// `npm run test:long` what takes longer.

import { BUILD, DEV, builds } from "./lib/builds.mjs";
import { schemathesis } from "./lib/python.mjs";
import { WAITS } from "./lib/jobs.mjs";
import { storage } from "./lib/memory.mjs";
import { isLong, lacking, runtimeName, runtimeTests, whySkipped } from "./lib/runtime.mjs";
import { below, main, node22 } from "./lib/run.mjs";
import { prerequisites, python, setup, withPackage } from "./lib/setup.mjs";
import { steps } from "./lib/steps.mjs";

const node = process.execPath;

/** Nothing here is compiled twice, so what would make the second time quicker is not kept. */
const CARGO_INCREMENTAL = "0";

/** The step that brings what Python runs, beside what compiles: that has no use for it. */
const PYTHON = "Python packages";

/** What compiles, and what takes a core for itself. */
const first = () => [
  ...builds(),
  { name: PYTHON, kind: WAITS, cores: 1, work: withPackage },
  { name: "core tests", command: ["cargo", "test", "--locked", "--quiet", "--no-fail-fast"], holds: DEV },
  { name: "size of the upload", command: [node, "scripts/size.mjs"], needs: [BUILD] },
  { name: "JavaScript: what the core says", command: [node22, "--test", "tests/vectors/replay.test.mjs"] },
  { name: "sample origin: tests", command: [python, "-m", "pytest", "--quiet"], cwd: below("examples", "origin"), needs: [PYTHON] },
  { name: "Python package: tests of its wheel", command: [python, "-m", "pytest", "--quiet"], cwd: below("python"), needs: [PYTHON] },
];

await main(async () => {
  process.env.CARGO_INCREMENTAL ??= CARGO_INCREMENTAL;
  prerequisites({ withPython: true, withChecks: true });
  const missing = await setup({ withChecks: true });
  const skipped = lacking(missing);
  if (schemathesis.isToBeHad() || process.env.CI) await schemathesis.bring();
  else skipped.set("api", "Python 3.10");
  console.log(`[test] ${storage()}`);
  const compiled = first();
  const after = compiled.map(({ name }) => name);
  const good = await steps(
    [...compiled, ...runtimeTests({ long: false, after, skipped })],
    whySkipped(
      [...skipped].filter(([test]) => !isLong(test)),
      runtimeName,
    ),
  );
  process.exit(good ? 0 : 1);
});
