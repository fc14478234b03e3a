// This build against another one: `--against FOLDER`, another checkout with a build of its own.
// Both run in the same minutes, in short rounds that alternate, each on a configuration that it
// compiled itself. The other one runs twice: how far it is from itself is the noise of the run.

import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { upload, uploaded } from "../lib/modules.mjs";
import { freePort } from "../lib/ports.mjs";
import { Stop, root } from "../lib/run.mjs";
import { noticing, vedetteWatches } from "./haproxy.mjs";
import { allPass, fromMemory } from "./health.mjs";
import { loop, wrk } from "./load.mjs";
import { configured, originProcess, serveVedette, shop, until } from "./plain.mjs";
import { HOST, routes } from "./proxy.mjs";
import { compare, even, lines } from "./rounds.mjs";
import { beside, watched } from "./scale.mjs";
import { cold } from "./startup.mjs";
import { median } from "./statistics.mjs";

/** The three that run: this build, the other one, and the other one again. */
const sides = (folder) => [
  { name: "this build", folder: root },
  { name: basename(folder), folder },
  { name: `${basename(folder)} again`, folder },
];

/** The parts that compare with the build in a folder. */
export function against(folder) {
  for (const file of ["entry.mjs", "Cargo.toml", "build/index_bg.wasm"])
    if (!existsSync(join(folder, file)))
      throw new Stop(`There is no ${file} in ${folder}; --against takes a checkout in which npm run build ran.`);
  const of = (part) => (options) => part(sides(folder), options);
  return { size: of(size), startup: of(startup), health: of(health), proxy: of(proxy), scale: of(scale), haproxy: of(haproxy) };
}

/** One line of what the other build is against itself. */
const noise = (part, ratios) =>
  console.log(
    `[${part}] noise, the other build against itself: ` +
      Object.entries(ratios)
        .map(([name, ratio]) => `${name} ${ratio.toFixed(2)}`)
        .join(", "),
  );

/** Runs `work` with two origins, and whatever else it adds; all is stopped in the end. */
async function among(work) {
  const serving = [];
  const add = async (name, promise) => {
    const one = Object.assign(await promise, { name });
    serving.push(one);
    return one;
  };
  try {
    const ports = [];
    for (const name of ["primary", "standby"]) ports.push((await add(name, originProcess(await freePort()))).port);
    return await work(ports, add);
  } finally {
    await Promise.all(serving.map((one) => one.stop()));
  }
}

function size([ours, other]) {
  const [one, two] = [ours, other].map(({ folder }) => uploaded(upload(folder)));
  console.log(`[size] ${one} against ${two} bytes gzip`);
  return [`size: ${(one / two).toFixed(3)}`];
}

/** How often `scale` counts what all have spent. */
const SLICES = 5;

const COLD = {
  "CPU until listening": "starting",
  "CPU of the first /health": "answer",
  "time until listening": "listening",
  "time of the first /health": "answering",
};

/** Cold starts, in turns; the order rotates, so that none always comes after the same one. */
async function startup(three, { starts = 20 }) {
  return among(async (ports) => {
    const configs = three.map(({ folder }) => configured(shop(ports), folder));
    const start = (at) => cold(() => serveVedette(configs[at], three[at]), "/health");
    // The very first start also reads the runtime from the disk, and is nobody's.
    for (const at of three.keys()) await start(at);
    const rounds = [];
    for (let round = 0; round < starts; round += 1) {
      const seen = [];
      for (let turn = 0; turn < three.length; turn += 1) {
        const at = (round + turn) % three.length;
        seen[at] = await start(at);
      }
      rounds.push(seen);
    }
    const ratio = (one, two) => (of) => median(rounds.map((seen) => seen[one][of] / seen[two][of]));
    const all = (of) => Object.fromEntries(Object.entries(COLD).map(([name, key]) => [name, of(key)]));
    for (const [at, { name }] of three.entries()) {
      const ms = all((of) => median(rounds.map((seen) => seen[at][of])));
      console.log(
        `[startup] ${name}: ${Object.entries(ms)
          .map(([what, value]) => `${what} ${value.toFixed(1)} ms`)
          .join(", ")}`,
      );
    }
    noise("startup", all(ratio(2, 1)));
    return lines("startup ", all(ratio(0, 1)));
  });
}

/** Serves the three on one configuration. */
async function serveAll(three, toml, add) {
  const workers = [];
  for (const { name, folder } of three) workers.push(await add(name, serveVedette(configured(toml, folder), { folder })));
  for (const worker of workers) await until(`${worker.name}: every vantage passes every origin`, () => allPass(worker));
  return workers;
}

/** Loads the three in turns; `said` are the lines of this build against the other. */
async function loaded(part, workers, path, { rounds, seconds, load: kind, host, name }) {
  const [ours, other, again] = workers;
  const load = kind === "loop" ? loop() : await wrk();
  for (const worker of workers) await load(worker.url + path, seconds * 2, { host });
  const ratios = async (pair, share) => compare(part, load, pair, path, { rounds: even(rounds * share), seconds, host });
  const said = lines(name, await ratios([ours, other], 1));
  noise(part, await ratios([again, other], 1 / 2));
  return said;
}

async function health(three, { rounds = 20, seconds = 1, load, path: only }) {
  return among(async (ports, add) => {
    const workers = await serveAll(three, shop(ports, { timeout: "1s" }), add);
    const said = [];
    for (const path of only ? [only] : ["/health", "/route/shop"]) {
      for (const worker of workers) await fromMemory(worker, path);
      const name = path === "/health" ? "health " : `health ${path} `;
      said.push(...(await loaded("health", workers, path, { rounds, seconds, load, name })));
    }
    return said;
  });
}

async function proxy(three, { rounds = 20, seconds = 1, load }) {
  return among(async (ports, add) => {
    const workers = await serveAll(three, shop(ports, { timeout: "1s" }) + routes(10), add);
    return loaded("proxy", workers, "/orders/17?page=2", { rounds, seconds, load, host: HOST, name: "proxy " });
  });
}

/** CPU of a probe in the same moment, then lag and memory of 1,000 × 3 one after the other. */
async function scale(three, { seconds = 40, most = 1_000 }) {
  const said = [];
  for (const [origins, vantages] of [
    [100, 3],
    [1_000, 1],
  ].filter(([origins]) => origins <= most)) {
    const folders = three.map(({ folder }) => folder);
    const slices = await beside(folders, { origins, vantages, seconds, slices: SLICES });
    const row = `${origins} origins × ${vantages}`;
    const each = three.map(({ name }, at) => `${name} ${median(slices.map((slice) => slice[at])).toFixed(2)} ms`);
    console.log(`[scale] ${row}, CPU of a probe, medians of ${SLICES} × ${seconds} s in the same moment: ${each.join(", ")}`);
    const ratio = (one, two) => median(slices.map((slice) => slice[one] / slice[two]));
    noise("scale", { [`${row} CPU of a probe`]: ratio(2, 1) });
    said.push(...lines(`scale ${row} `, { "CPU of a probe": ratio(0, 1) }));
  }
  return [...said, ...(await crowded(three, { seconds, most }))];
}

/** Each has its own schedule, and what it costs is counted over some four turns of it. */
async function crowded(three, { seconds, most }) {
  const origin = await originProcess(await freePort());
  const said = [];
  try {
    for (const [origins, vantages] of [[1_000, 3]].filter(([origins]) => origins <= most)) {
      const found = [];
      for (const { folder } of three) found.push(await watched({ origins, vantages, port: origin.port, seconds, folder }));
      const row = `${origins} origins × ${vantages}`;
      for (const [at, { cpu, p99, missed, memory }] of found.entries())
        console.log(
          `[scale] ${row}, ${three[at].name}: ${cpu.toFixed(2)} ms CPU a probe, lag p99 ${p99} ms, missed ${missed}, ${memory.toFixed(0)} MB`,
        );
      const [ours, other, again] = found;
      noise("scale", { CPU: again.cpu / other.cpu, memory: again.memory / other.memory });
      said.push(...lines(`scale ${row} `, { "CPU of a probe": ours.cpu / other.cpu, memory: ours.memory / other.memory }));
    }
  } finally {
    await origin.stop();
  }
  return said;
}

/**
 * Detection and recovery: all three watch the same origins in the same moment, from three vantages.
 * HAProxy is not there.
 */
async function haproxy(three, { faults: count = 20 }) {
  const watch =
    ({ folder }) =>
    (origins) =>
      vedetteWatches(origins, ["weur", "enam", "apac"], folder);
  const serve = { ours: watch(three[0]), other: watch(three[1]), again: watch(three[2]) };
  return noticing(serve, count, (fault, what, times) => {
    const seconds = (name) => median(times.map((time) => time[name])) / 1000;
    const [ours, other, again] = ["ours", "other", "again"].map(seconds);
    console.log(`[haproxy] ${fault} ${what}, median: this build ${ours.toFixed(2)} s, the other ${other.toFixed(2)} s`);
    noise("haproxy", { [`${fault} ${what}`]: again / other });
    return lines("haproxy ", { [`${fault} ${what}`]: ours / other });
  });
}
