// Health answers from warm memory: our worker against the peers, all in plain workerd, in short
// rounds that alternate.

import { Stop } from "../lib/run.mjs";
import { freePort } from "../lib/ports.mjs";
import { loop, wrk } from "./load.mjs";
import { lean, usual } from "./peer.mjs";
import { configured, originProcess, serve, serveVedette, shop, until } from "./plain.mjs";
import { compare, even, lines } from "./rounds.mjs";
import { asked, difference, made, still } from "./wire.mjs";

const PATHS = ["/health", "/health/shop", "/route/shop"];

/** An answer of ours that was given again: what the peers are to answer. */
export const fromMemory = (worker, path) =>
  until(`${path} from memory`, async () => {
    const answer = await asked(worker.url + path);
    return made(answer).headers["cache-status"].includes("memory") && answer;
  });

/**
 * Whether all three vantages have voted on both origins: a pool passes before the last vote is in,
 * and its answer changes once more then.
 */
export async function allPass(worker) {
  const { checks } = await (await worker.get("/health/shop")).json();
  const votes = ["primary", "standby"].flatMap((origin) => checks[`shop/${origin}:vote`] ?? []);
  return (
    votes.length === 6 &&
    Object.values(checks)
      .flat()
      .every(({ status }) => status === "pass")
  );
}

/**
 * Serves our worker, which watches two real origins, and the peers with its answers; `serving`
 * collects what is to be stopped.
 */
async function served(paths, serving) {
  const add = async (name, promise) => {
    const one = Object.assign(await promise, { name });
    serving.push(one);
    return one;
  };
  const origin = async (name) => add(name, originProcess(await freePort()));
  const ports = [(await origin("primary")).port, (await origin("standby")).port];
  // A machine under load is no reason to judge an origin: a probe may take as long as the interval
  // allows.
  const ours = await add("ours", serveVedette(configured(shop(ports, { timeout: "1s" }))));
  await until("every vantage passes every origin", () => allPass(ours));
  const expected = {};
  for (const path of paths) expected[path] = await fromMemory(ours, path);
  const answers = Object.fromEntries(paths.map((path) => [path, made(expected[path])]));
  const peer = (name, source) => add(name, serve({ entry: "peer.mjs", texts: { "peer.mjs": source(answers) } }));
  const peers = [await peer("the peer", usual), await peer("its copy", usual), await peer("the lean peer", lean)];
  return { ours, peers, expected };
}

/**
 * Holds that all give the same answers. Those of the peers equal ours that they were made with, to
 * the byte. Ours stay the same but for what moves while Vedette watches.
 */
async function check({ ours, peers, expected }) {
  for (const [path, answer] of Object.entries(expected)) {
    for (const peer of peers) {
      const parted = difference(await asked(peer.url + path), answer);
      if (parted) throw new Stop(`To ${path} ${peer.name} does not answer as we do:\n${parted}`);
    }
    const parted = difference(still(await asked(ours.url + path)), still(answer));
    if (parted) throw new Stop(`To ${path} we do not answer as we did when the peers were made:\n${parted}`);
  }
}

export async function health({ rounds = 40, seconds = 1, load: kind = "wrk", path: only }) {
  if (only && !PATHS.includes(only)) throw new Stop(`There is no benchmark of ${only}; there are ${PATHS.join(", ")}.`);
  const paths = only ? [only] : PATHS;
  const load = kind === "loop" ? loop() : await wrk();
  const serving = [];
  try {
    const workers = await served(paths, serving);
    const { ours, peers } = workers;
    const [peer, copy, leanest] = peers;
    await check(workers);
    const [first, ...others] = paths;
    for (const worker of [ours, ...peers]) await load(worker.url + first, seconds * 2);
    const said = [];
    const measure = async (name, pair, path, share) =>
      said.push(...lines(name, await compare("health", load, pair, path, { rounds: even(rounds * share), seconds })));
    const name = (path) => (path === "/health" ? "health" : `health ${path}`);
    await measure(`${name(first)} `, [ours, peer], first, 1);
    for (const path of others) await measure(`${name(path)} `, [ours, peer], path, 1 / 4);
    await measure(`${name(first)} against the lean peer, `, [ours, leanest], first, 1 / 2);
    await measure("noise, the peer against itself, ", [peer, copy], first, 1 / 2);
    await check(workers);
    return said;
  } finally {
    await Promise.all(serving.map((one) => one.stop()));
  }
}
