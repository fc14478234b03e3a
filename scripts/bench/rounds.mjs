// Two workers under the same load, in short rounds that alternate.

import { Stop } from "../lib/run.mjs";
import { cpu } from "./plain.mjs";
import { median, quantile } from "./statistics.mjs";

/** One worker's round. */
export async function round(load, { url, pid, headers }, path, { seconds, host, fresh }) {
  const before = cpu(pid);
  const { count, rate, latencies, bad } = await load(url + path, seconds, { host, headers, fresh });
  if (bad || !count) throw new Stop(`${bad} of ${count} answers to ${path} were not as they should be.`);
  return { rate, latencies, cpu: ((cpu(pid) - before) / count) * 1000 };
}

/**
 * Alternating rounds of two workers, as many of one order as of the other; `part` names the
 * benchmark. With `headers` a worker is asked with these; with `fresh` never twice for an address.
 */
export async function compare(part, load, [one, other], path, { rounds, seconds, host, fresh }) {
  const pairs = [];
  for (let at = 0; at < rounds; at += 1) {
    const pair = [];
    for (const index of at % 2 ? [1, 0] : [0, 1]) pair[index] = await round(load, [one, other][index], path, { seconds, host, fresh });
    pairs.push(pair);
  }
  const middle = (index, of) => median(pairs.map((pair) => pair[index][of]));
  // A pause of the runtime falls into a round or does not, so a round's own p99 is one of two very
  // different figures. Any middle of such figures jumps between them. The p99 of all answers of all
  // rounds does not.
  const p99 = [0, 1].map((index) =>
    quantile(
      pairs.flatMap((pair) => pair[index].latencies),
      0.99,
    ),
  );
  const ofNeighbours = (of) => median(pairs.map(([left, right]) => left[of] / right[of]));
  console.log(`[${part}] ${path}, ${rounds} rounds of ${one.name} and ${other.name}`);
  for (const [index, { name }] of [one, other].entries()) {
    const [rate, each] = [middle(index, "rate").toFixed(0), middle(index, "cpu").toFixed(1)];
    console.log(`[${part}]   ${name}: ${rate} answers/s, p99 ${p99[index].toFixed(1)} ms, ${each} µs CPU each`);
  }
  return { throughput: ofNeighbours("rate"), p99: p99[0] / p99[1], CPU: ofNeighbours("cpu") };
}

/** The last lines of a comparison; what could not be measured is left out. */
export const lines = (name, ratios) =>
  Object.entries(ratios)
    .filter(([, ratio]) => Number.isFinite(ratio))
    .map(([of, ratio]) => `${name}${of}: ${ratio.toFixed(2)}`);

/** Two orders, as often each. */
export const even = (number) => Math.max(2, 2 * Math.round(number / 2));
