// Health answers from warm memory: our worker against the peers, all in plain workerd, in short rounds that alternate.

import { Stop } from "../lib/run.mjs";
import { freePort } from "../lib/ports.mjs";
import { loop, wrk } from "./load.mjs";
import { lean, usual } from "./peer.mjs";
import { configured, cpu, originProcess, serve, serveVedette, shop, until } from "./plain.mjs";
import { median, quantile } from "./statistics.mjs";
import { asked, difference, made, still } from "./wire.mjs";

const PATHS = ["/health", "/health/shop", "/route/shop"];

/** An answer of ours that was given again: what the peers are to answer. */
const fromMemory = (worker, path) =>
  until(`${path} from memory`, async () => {
    const answer = await asked(worker.url + path);
    return made(answer).headers["cache-status"].includes("memory") && answer;
  });

/** Whether every vantage has voted: a pool passes before the last of them has, and the answer changes once more then. */
async function allPass(worker) {
  const { checks } = await (await worker.get("/health/shop")).json();
  const seen = Object.values(checks).flat();
  return seen.filter(({ observedUnit }) => observedUnit === "ms").length === 6 && seen.every(({ status }) => status === "pass");
}

/** One worker's round. */
async function round(load, { url, pid }, path, seconds) {
  const before = cpu(pid);
  const { count, rate, latencies, bad } = await load(url + path, seconds);
  if (bad || !count) throw new Stop(`${bad} of ${count} answers to ${path} were not as they should be.`);
  return { rate, latencies, cpu: ((cpu(pid) - before) / count) * 1000 };
}

/** Alternating rounds, as many of one order as of the other. */
async function compare(load, [one, other], path, { rounds, seconds }) {
  const pairs = [];
  for (let at = 0; at < rounds; at += 1) {
    const pair = [];
    for (const index of at % 2 ? [1, 0] : [0, 1]) pair[index] = await round(load, [one, other][index], path, seconds);
    pairs.push(pair);
  }
  const middle = (index, of) => median(pairs.map((pair) => pair[index][of]));
  // A pause of the runtime falls into a round or does not, so a round's own p99 is one of two very different figures, and any
  // middle of such figures jumps between them. The p99 of all answers of all rounds does not.
  const [p99, otherP99] = [0, 1].map((index) => quantile(pairs.flatMap((pair) => pair[index].latencies), 0.99));
  const ofNeighbours = (of) => median(pairs.map(([left, right]) => left[of] / right[of]));
  const show = (index) =>
    `${Math.round(middle(index, "rate"))} answers/s, p99 ${[p99, otherP99][index].toFixed(1)} ms, ${middle(index, "cpu").toFixed(1)} µs CPU each`;
  console.log(`[health] ${path}, ${rounds} rounds: ${one.name} ${show(0)}; ${other.name} ${show(1)}`);
  return { throughput: ofNeighbours("rate"), p99: p99 / otherP99, CPU: ofNeighbours("cpu") };
}

/** The last lines of a comparison; what could not be measured is left out. */
const lines = (name, ratios) =>
  Object.entries(ratios)
    .filter(([, ratio]) => Number.isFinite(ratio))
    .map(([of, ratio]) => `${name}${of}: ${ratio.toFixed(2)}`);

/** Two orders, as often each. */
const even = (number) => Math.max(2, 2 * Math.round(number / 2));

export async function health({ rounds: count = 40, seconds = 1, load: kind = "wrk", path: only }) {
  if (only && !PATHS.includes(only)) throw new Stop(`There is no benchmark of ${only}; there are ${PATHS.join(", ")}.`);
  const load = kind === "loop" ? loop() : await wrk();
  const running = [];
  const run = async (name, promise) => {
    const worker = Object.assign(await promise, { name });
    running.push(worker);
    return worker;
  };
  try {
    const origins = [await run("", originProcess(await freePort())), await run("", originProcess(await freePort()))];
    // A machine under load is no reason to judge an origin: a probe may take as long as the interval allows.
    const toml = shop(origins.map(({ port }) => port), { timeout: "1s" });
    const ours = await run("ours", serveVedette(configured(toml)));
    await until("every vantage passes every origin", () => allPass(ours));
    const paths = only ? [only] : PATHS;
    const expected = {};
    for (const path of paths) expected[path] = await fromMemory(ours, path);
    const answers = Object.fromEntries(paths.map((path) => [path, made(expected[path])]));
    const peer = (name, source) => run(name, serve({ entry: "peer.mjs", texts: { "peer.mjs": source(answers) } }));
    const [theirs, copy, leanest] = [await peer("the peer", usual), await peer("its copy", usual), await peer("the lean peer", lean)];
    const check = async (path) => {
      for (const one of [theirs, copy, leanest]) {
        const parted = difference(await asked(one.url + path), expected[path]);
        if (parted) throw new Stop(`To ${path} ${one.name} does not answer as we do:\n${parted}`);
      }
      const parted = difference(still(await asked(ours.url + path)), still(expected[path]));
      if (parted) throw new Stop(`To ${path} we do not answer as we did when the peers were made:\n${parted}`);
    };
    for (const path of paths) await check(path);
    for (const worker of [ours, theirs, copy, leanest]) await load(worker.url + paths[0], seconds * 2);
    const all = { rounds: even(count), seconds };
    const some = { rounds: even(count / 4), seconds };
    const half = { rounds: even(count / 2), seconds };
    const [first, ...others] = paths;
    const name = (path) => (path === "/health" ? "health" : `health ${path}`);
    const said = lines(`${name(first)} `, await compare(load, [ours, theirs], first, all));
    for (const path of others) said.push(...lines(`${name(path)} `, await compare(load, [ours, theirs], path, some)));
    said.push(...lines(`${name(first)} against the lean peer, `, await compare(load, [ours, leanest], first, half)));
    said.push(...lines("noise, the peer against itself, ", await compare(load, [theirs, copy], first, half)));
    for (const path of paths) await check(path);
    return said;
  } finally {
    await Promise.all(running.map((one) => one.stop()));
  }
}
