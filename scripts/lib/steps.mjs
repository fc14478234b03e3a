// Runs the steps of a check: a line for each as it ends, the whole output of what failed, and the
// sum.

import { ALONE, LOADS, WAITS, WORKS, schedule } from "./jobs.mjs";
import { BACKGROUND, run } from "./run.mjs";

/**
 * What a job needs of the machine if it does not say: who waits has a worker and its origins, at
 * rest most of the time.
 */
const CORES = { [WORKS]: 1, [WAITS]: 0.1, [LOADS]: 1, [ALONE]: 1 };

/**
 * How far what works makes way for what waits: a tenth of what a waiting test gets where both want
 * a core. With less, and beside other work on the machine, it would not end: what is left of the
 * cores starved tests that have time limits of their own.
 */
const NICENESS = process.env[BACKGROUND] ?? "10";
delete process.env[BACKGROUND];

/**
 * A step `{ name, kind?, urgent?, command?, env?, cwd?, work?, needs?, after?, holds?, cores? }` as
 * a job: `command` is the program and its arguments, `work` is done after it. What works makes way,
 * unless others wait for it.
 */
function jobOf({ name, kind = WORKS, urgent = false, command, env = {}, cwd, work, needs, after, holds, cores = CORES[kind] }) {
  const [program, ...args] = command ?? [];
  const quiet = kind === WORKS && !urgent ? { [BACKGROUND]: NICENESS } : {};
  const act = async () => {
    const output = program && (await run(program, args, { ...(cwd && { cwd }), env: { ...process.env, ...quiet, ...env } }));
    await work?.();
    if (output && process.env.VEDETTE_VERBOSE) console.log(output);
  };
  return { name, kind, run: act, needs, after, holds, cores };
}

/**
 * Runs all steps, to the end even if one fails; whether all passed. `skipped` says in a line each
 * what is not run, and why. The last line is `N passed, N failed`, and how many were skipped, if
 * any.
 */
export async function steps(list, skipped = []) {
  const [begun, failed] = [Date.now(), []];
  await schedule(list.map(jobOf), ({ name }, { error, seconds }) => {
    if (error) {
      failed.push(name);
      console.error(`\n${name}: ${error.message}`);
    }
    console.log(`[test] ${error ? "FAILED" : "passed"}  ${name} (${seconds.toFixed(1)} s)`);
  });
  const all = `${((Date.now() - begun) / 1000).toFixed(0)} s`;
  console.log(failed.length ? `\nFailed: ${failed.join(", ")} (${all})` : `\nEverything passed (${all}).`);
  for (const why of skipped) console.log(`[test] skipped ${why}`);
  const left = skipped.length ? `, ${skipped.length} skipped` : "";
  console.log(`${list.length - failed.length} passed, ${failed.length} failed${left}`);
  return failed.length === 0;
}
