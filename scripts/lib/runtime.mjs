// The tests in workerd as steps: which of them `npm test` runs and which `npm run test:long`, and
// what each needs of the machine.

import { BUILD, COMMAND_LINE, PACKAGE, TOOLS, TRAPS } from "./builds.mjs";
import { ALONE, LOADS, WAITS } from "./jobs.mjs";
import { node22 } from "./run.mjs";
import { mentions, testsIn } from "./testfiles.mjs";

/** What the engines of a benchmark are compiled by. */
export const ENGINES = "engines of the benchmark";

/**
 * How the files of tests/runtime run where it is not as most do, which wait for points in time.
 * `cores` is what one was measured to need, CPU by time. Those that are `long` pack, flood,
 * measure, or go through a whole table of what may happen.
 */
const RUNTIME = {
  again: { cores: 0.4 },
  api: { cores: 0.8 },
  "bad-config": { cores: 0.9 },
  // Its parts run one after the other, each with its peers.
  bench: { kind: LOADS, needs: [ENGINES], long: true },
  // What it measures for half a minute is to be its own.
  "change-example": { kind: LOADS, long: true },
  clients: { cores: 0.5 },
  compare: { cores: 0.9 },
  connect: { cores: 0.3 },
  counts: { cores: 0.4 },
  credentials: { cores: 0.6 },
  deploy: { cores: 0.8 },
  doors: { cores: 0.9 },
  ends: { cores: 0.5 },
  folder: { cores: 0.5 },
  follow: { cores: 0.3 },
  follower: { cores: 0.4 },
  followers: { cores: 0.2 },
  heartbeat: { cores: 0.4 },
  history: { long: true },
  "hostile-bytes": { kind: LOADS, long: true },
  "hostile-clients": { cores: 0.5 },
  "hostile-http": { cores: 0.7, long: true },
  "hostile-memory": { kind: LOADS, long: true },
  "hostile-tls": { cores: 0.5 },
  incidents: { cores: 0.2 },
  inbox: { cores: 0.5 },
  monitors: { cores: 0.3 },
  "node-command-line": { needs: [PACKAGE], long: true },
  page: { cores: 0.9 },
  pages: { cores: 0.6 },
  "pages-counted": { cores: 0.5 },
  "pages-live": { cores: 0.4, long: true },
  "proxy-copies": { cores: 0.3 },
  "proxy-load": { kind: ALONE, long: true },
  proxy: { cores: 0.3 },
  "proxy-resort": { cores: 0.3 },
  "proxy-streams": { kind: LOADS, long: true },
  // The loop of its process goes on after the last test, by which time all is said and ended.
  "proxy-whole": { kind: LOADS, forced: true },
  purge: { cores: 0.4 },
  release: { needs: [PACKAGE], cores: 0.5, long: true },
  restart: { cores: 0.6 },
  secrets: { cores: 0.9 },
  "stream-all": { cores: 0.2 },
  throws: { long: true },
  verdicts: { cores: 0.3 },
  watch: { cores: 0.4 },
  writes: { cores: 0.9 },
};

/** Begun first, so that the last minutes are not theirs alone. */
const LONGEST = ["changes", "page", "budget", "follow-counted", "pages", "notify", "limits", "monitors", "stream-all", "dead-origin"];

/** What the step of a file of tests/runtime is called. */
export const runtimeName = (name) => `worker in workerd: ${name}`;

/** Which files are not run for lack of what: `missing` is what could not be brought. */
export const lacking = (missing) => new Map(missing.flatMap(({ name, tests }) => tests.map((test) => [test, name])));

/** A line for each file that is not run; `called` makes the name of its step. */
export const whySkipped = (skipped, called) =>
  [...skipped].map(([test, name]) => `${called(test)}: there is no ${name}, nor the apt-get that would bring it`);

/** Whether a file is `npm run test:long`'s. */
export const isLong = (name) => Boolean(RUNTIME[name]?.long);

/**
 * The tests in workerd, those that are `long` or the others, after all that compiles: they wait for
 * points in time, which a busy machine lets pass. The longest of them begin.
 */
export function runtimeTests({ long, after, skipped }) {
  const names = testsIn("runtime").filter((name) => !skipped.has(name) && isLong(name) === long);
  const place = (name) => LONGEST.indexOf(name) + 1 || names.length;
  return names.sort((one, other) => place(one) - place(other)).map((name) => runtimeTest(name, after));
}

/** The step of one file of tests/runtime. */
export function runtimeTest(name, after) {
  const { needs = [], forced = false, long, ...more } = RUNTIME[name] ?? {};
  const file = `tests/runtime/${name}.test.mjs`;
  const traps = mentions("runtime", name, "build-trap");
  return {
    name: runtimeName(name),
    kind: WAITS,
    command: [node22, "--test", ...(forced ? ["--test-force-exit"] : []), file],
    env: { VEDETTE_TOOLS: TOOLS },
    ...more,
    after,
    needs: [BUILD, COMMAND_LINE, ...(traps ? [TRAPS] : []), ...needs],
  };
}
