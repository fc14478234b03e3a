// Runs jobs side by side as far as they do not disturb each other: what waits runs beside what
// works, and what measures runs alone.

import { availableParallelism } from "node:os";

/**
 * Kinds of jobs.
 *
 * - `works`: keeps a core or more busy and can wait for its turn. It makes way for the others.
 * - `waits`: mostly waits for points in time, so several run at once; `cores` says what it needs of
 *   the machine while it runs.
 * - `loads`: floods what it tests: one at a time, with nothing that waits beside it. What works
 *   goes on, and makes way.
 * - `alone`: measures time under load: nothing else runs.
 */
export const [WORKS, WAITS, LOADS, ALONE] = ["works", "waits", "loads", "alone"];

/** How many jobs that wait run at once, whatever they need: each has a browser or workers. */
const MOST_WAITING = 12;

/**
 * Which share of the machine the jobs that wait may need together: bursts, of starting workers and
 * browsers above all, need room.
 */
const SHARE = 0.9;

/** Whether a job may start beside those that run. */
function mayStart(job, running, cores) {
  const runs = (...kinds) => running.some(({ kind }) => kinds.includes(kind));
  if (runs(ALONE) || (job.kind === ALONE && running.length > 0)) return false;
  if (job.kind === ALONE) return true;
  if (job.kind === LOADS) return !runs(WAITS, LOADS);
  const alike = running.filter(({ kind }) => kind === job.kind);
  if (job.kind === WORKS) return alike.length < cores && alike.every(({ holds }) => !holds || holds !== job.holds);
  if (runs(LOADS)) return false;
  const needed = alike.reduce((sum, one) => sum + one.cores, 0) + job.cores;
  return alike.length === 0 || (alike.length < MOST_WAITING && needed <= cores * SHARE);
}

/**
 * Runs jobs `{ name, kind, run, needs?, after?, holds?, cores? }`, in the order of the list where
 * there is a choice. A job runs once those that it needs have ended well, and those of `after` well
 * or badly. Two that hold the same (a folder of cargo, which locks it) run one at a time.
 * `ended(job, { error, seconds })` is called after each. What needs a job that failed is not run,
 * and fails.
 */
export async function schedule(jobs, ended, cores = availableParallelism()) {
  const [open, running, good] = [[...jobs], new Map(), new Set()];
  const failed = new Set();
  const finish = (job, error, begun) => {
    (error ? failed : good).add(job.name);
    ended(job, { error, seconds: (Date.now() - begun) / 1000 });
  };
  const isReady = ({ needs = [], after = [] }) =>
    needs.every((name) => good.has(name)) && after.every((name) => good.has(name) || failed.has(name));
  const begin = (job) => {
    const begun = Date.now();
    open.splice(open.indexOf(job), 1);
    const end = (error) => {
      running.delete(job);
      finish(job, error, begun);
    };
    running.set(
      job,
      Promise.resolve()
        .then(job.run)
        .then(() => end(), end),
    );
  };
  while (open.length || running.size) {
    for (const job of [...open]) {
      const lost = (job.needs ?? []).find((name) => failed.has(name));
      if (lost) {
        open.splice(open.indexOf(job), 1);
        finish(job, new Error(`It needs ${lost}, which failed.`), Date.now());
      } else if (isReady(job) && mayStart(job, [...running.keys()], cores)) begin(job);
    }
    if (running.size) await Promise.race(running.values());
    else if (open.length && !open.some(({ needs = [] }) => needs.every((name) => good.has(name) || failed.has(name))))
      throw new Error(`These wait for what is not there: ${open.map(({ name }) => name).join(", ")}`);
  }
}
