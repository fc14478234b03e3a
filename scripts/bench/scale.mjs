// What many origins cost, and whether their schedule holds: in workerd up to a thousand, beyond
// that by the engines alone (examples/scale.rs); beside the blackbox exporter, which probes the
// same origins at the same pace in the same run.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../lib/ports.mjs";
import { Stop, end, root, start } from "../lib/run.mjs";
import { blackbox } from "../lib/debian.mjs";
import { example } from "../lib/worker.mjs";
import { configured, cpu, originProcess, serveVedette, until } from "./plain.mjs";
import { quantile } from "./statistics.mjs";

const INTERVAL_MS = 10_000;

// 1,000 origins × 3 begin with 189 objects, each with a database to be made, and 6,000 probes at
// once: ten seconds of CPU on the one thread that runs them. Beside other work that takes minutes;
// it is no part of what is measured. Whoever asks is served by the same thread, so it is asked
// seldom.
const START_MS = 300_000;
const ASK_MS = 2_000;
const PLACES = ["weur", "enam", "apac"];

/** A line that has probes open connections of their own, where the build in `folder` can. */
const connects = (connect, folder = root) => (existsSync(join(folder, "src", "config", "connect.rs")) ? `connect = "${connect}"\n` : "");

/** Pools of ten origins, all of one process that answers under a path for each. */
function many({ origins, vantages, port }, defaults) {
  const pools = Array.from({ length: Math.ceil(origins / 10) }, (_, pool) => {
    const of = Array.from({ length: Math.min(10, origins - pool * 10) }, (_, index) => pool * 10 + index);
    const list = of.map((origin) => `[[pool.origin]]\nname = "o${origin}"\nurl = "http://127.0.0.1:${port}/o${origin}"\n`);
    return `[[pool]]\nname = "p${pool}"\n${list.join("")}`;
  });
  const vantage = JSON.stringify(PLACES.slice(0, vantages));
  return `plan = "paid"\n[defaults]\n${defaults}interval = "${INTERVAL_MS / 1000}s"\ntimeout = "3s"\nvantages = ${vantage}\n${pools.join("\n")}`;
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const counted = async (port) => Number(await (await fetch(`http://127.0.0.1:${port}/count`)).text());
const resident = (pid) => Number(readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+) kB/)[1]) / 1024;

/** `1s 20ms` in milliseconds. */
const milliseconds = (text) =>
  [...text.matchAll(/(\d+)(ms|s|m)/g)].reduce((sum, [, number, unit]) => sum + Number(number) * { ms: 1, s: 1000, m: 60_000 }[unit], 0);

/** What every shard says of its schedule. */
async function shards(worker) {
  const text = await (await worker.get("/readyz?verbose")).text();
  const lines = [
    ...text.matchAll(/vantage \w+ \d+of\d+ .*reported at (\S+), lag ([^,]+), missed slots (\d+)(?:, last of a tick after (.+))?$/gm),
  ];
  return lines.map(([, at, lag, missed, last = ""]) => ({
    at,
    lag: milliseconds(lag),
    missed: Number(missed),
    last: milliseconds(last),
  }));
}

/**
 * The worker of the checkout in `folder` with so many origins and vantages, once all pass and its
 * schedule is one.
 */
async function watches({ origins, vantages, port, folder, connect = "off" }) {
  const text = many({ origins, vantages, port }, connects(connect, folder));
  const worker = await serveVedette(configured(text, folder), { folder });
  try {
    const passes = async () => (await (await worker.get("/health?format=text")).text()) === "pass\n";
    await until(`${origins} origins pass`, passes, START_MS, ASK_MS);
    // What begins everywhere at once is no schedule yet.
    await pause(INTERVAL_MS);
    return worker;
  } catch (error) {
    await worker.stop();
    throw error;
  }
}

/**
 * CPU of a probe, in milliseconds, of the workers of several checkouts in the same moment: a list
 * for each slice of `seconds`. Whatever else the machine does meets all of them, and nobody asks
 * them for anything meanwhile. Each has origins of its own, which count what reaches them.
 */
export async function beside(folders, { origins, vantages, seconds, slices }) {
  const serving = [];
  try {
    for (const folder of folders) {
      const origin = await originProcess(await freePort());
      serving.push(origin);
      const worker = await watches({ origins, vantages, port: origin.port, folder });
      serving.push(worker);
    }
    const pairs = folders.map((_, at) => serving.slice(2 * at, 2 * at + 2));
    const spent = () => Promise.all(pairs.map(async ([origin, worker]) => ({ cpu: cpu(worker.pid), probes: await counted(origin.port) })));
    const found = [];
    for (let before = await spent(); found.length < slices; ) {
      await pause(seconds * 1000);
      const now = await spent();
      const of = before;
      found.push(now.map(({ cpu: used, probes }, at) => (used - of[at].cpu) / (probes - of[at].probes)));
      before = now;
    }
    return found;
  } finally {
    await Promise.all(serving.map((one) => one.stop()));
  }
}

/** The same for so many seconds. */
export async function watched({ origins, vantages, port, seconds, folder, connect = "off" }) {
  const worker = await watches({ origins, vantages, port, folder, connect });
  try {
    const begun = { probes: await counted(port), cpu: cpu(worker.pid), at: performance.now(), shards: await shards(worker) };
    const [lags, lasts] = [[], []];
    for (const told = new Set(); performance.now() < begun.at + seconds * 1000; await pause(500)) {
      for (const [index, { at, lag, last }] of (await shards(worker)).entries()) {
        if (told.has(`${index} ${at}`)) continue;
        lags.push(lag);
        lasts.push(last);
        told.add(`${index} ${at}`);
      }
    }
    const took = (performance.now() - begun.at) / 1000;
    const missed = (list) => list.reduce((sum, shard) => sum + shard.missed, 0);
    const now = await shards(worker);
    const probes = (await counted(port)) - begun.probes;
    return {
      origins,
      vantages,
      shards: now.length,
      probes: probes / took,
      wanted: (origins * vantages * 1000) / INTERVAL_MS,
      p50: quantile(lags, 0.5),
      p99: quantile(lags, 0.99),
      last: quantile(lasts, 0.99),
      missed: missed(now) - missed(begun.shards),
      cpu: (cpu(worker.pid) - begun.cpu) / probes,
      load: (cpu(worker.pid) - begun.cpu) / took / 10,
      memory: resident(worker.pid),
    };
  } finally {
    await worker.stop();
  }
}

/** One scrape, as Prometheus makes it; whether the probe succeeded. */
const scraped = (agent, port, target) =>
  new Promise((resolve, reject) => {
    const path = `/probe?module=http_2xx&target=${encodeURIComponent(target)}`;
    const request = get({ agent, host: "127.0.0.1", port, path }, (response) => {
      let text = "";
      response.on("data", (chunk) => (text += chunk));
      response.on("end", () => resolve(/^probe_success 1$/m.test(text)));
    });
    request.on("error", reject);
  });

/**
 * The exporter, scraped of the same origins at the same pace. It has no schedule of its own: only
 * its cost is compared.
 */
export async function exported(origins, port, seconds) {
  await blackbox.bring();
  const folder = mkdtempSync(join(tmpdir(), "vedette-blackbox-"));
  const config = join(folder, "blackbox.yml");
  writeFileSync(config, "modules:\n  http_2xx:\n    prober: http\n    timeout: 3s\n    http:\n      preferred_ip_protocol: ip4\n");
  const own = await freePort();
  const child = start(blackbox.program, [`--config.file=${config}`, `--web.listen-address=127.0.0.1:${own}`, "--log.level=error"], {
    env: blackbox.env,
    stdio: "ignore",
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  try {
    await until("the blackbox exporter listens", async () => (await fetch(`http://127.0.0.1:${own}/-/healthy`)).ok);
    const begun = { cpu: cpu(child.pid), at: performance.now() };
    const scrapes = [];
    for (let turn = 0; performance.now() < begun.at + seconds * 1000; turn += 1) {
      scrapes.push(scraped(agent, own, `http://127.0.0.1:${port}/o${turn % origins}/`));
      await pause(Math.max(0, begun.at + ((turn + 1) * INTERVAL_MS) / origins - performance.now()));
    }
    const good = (await Promise.all(scrapes)).filter(Boolean).length;
    if (good < scrapes.length) throw new Stop(`Only ${good} of ${scrapes.length} probes of the blackbox exporter succeeded.`);
    return { cpu: (cpu(child.pid) - begun.cpu) / good, memory: resident(child.pid) };
  } finally {
    agent.destroy();
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What examples/scale.rs says of the engines alone: more than workerd can show here. */
export function engines(words) {
  const [command, args] = example("scale", words.map(String), { optimised: true });
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Stop(`The engines could not be measured:\n${stderr}`);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

export async function scale({ seconds = 40, most = 100_000 }) {
  const origin = await originProcess(await freePort());
  const lines = [];
  try {
    console.log("[scale] in workerd, every origin probed every 10 s by each vantage:");
    console.log(
      "[scale] origins  vantages  shards  probes/s (wanted)  lag p50  lag p99  last of a tick p99  missed  CPU/probe  CPU     memory",
    );
    for (const [origins, vantages] of [
      [10, 1],
      [10, 3],
      [100, 1],
      [100, 3],
      [1000, 1],
      [1000, 3],
    ].filter(([origins]) => origins <= most)) {
      const found = await watched({ origins, vantages, port: origin.port, seconds });
      const cells = [
        [origins, 7],
        [vantages, 10],
        [found.shards, 8],
        [`${found.probes.toFixed(1)} (${found.wanted})`, 18],
        [`${found.p50} ms`, 8],
        [`${found.p99} ms`, 9],
        [`${found.last} ms`, 20],
        [found.missed, 8],
        [`${found.cpu.toFixed(2)} ms`, 11],
        [`${found.load.toFixed(0)}%`, 6],
        [`${found.memory.toFixed(0)} MB`, 9],
      ];
      console.log(`[scale] ${cells.map(([cell, width]) => String(cell).padStart(width)).join("")}`);
      lines.push(`scale ${origins} origins × ${vantages} lag p99: ${found.p99} ms`);
      if (origins === 1000 && vantages === 1) {
        const connected = await watched({ origins, vantages, port: origin.port, seconds, connect: "1m" });
        console.log(`[scale] the same with connect = "1m": ${connected.cpu.toFixed(2)} ms CPU a probe`);
        lines.push(`scale CPU of a probe with connect = "1m" against without: ${(connected.cpu / found.cpu).toFixed(2)}`);
        const peer = await exported(origins, origin.port, seconds);
        console.log(`[scale] the blackbox exporter, the same origins: ${peer.cpu.toFixed(2)} ms CPU a probe, ${peer.memory.toFixed(0)} MB`);
        lines.push(`scale CPU of a probe against the blackbox exporter: ${(found.cpu / peer.cpu).toFixed(2)}`);
      }
      if (origins === 1000 && vantages === 3) {
        await fetch(`http://127.0.0.1:${origin.port}/mode/slow`, { method: "PUT" });
        const slow = await watched({ origins, vantages, port: origin.port, seconds });
        console.log(`[scale] the same with origins that take 300 ms: lag p99 ${slow.p99} ms, last of a tick p99 ${slow.last} ms`);
        lines.push(`scale ${origins} origins × ${vantages}, 300 ms each, lag p99: ${slow.p99} ms`);
      }
    }
  } finally {
    await origin.stop();
  }
  console.log("[scale] the engines alone, simulated:");
  for (const found of engines(
    [
      [10, 3],
      [100, 3],
      [1000, 3],
      [10_000, 3],
      [100_000, 1],
    ]
      .filter(([origins]) => origins <= most)
      .flat(),
  )) {
    const {
      origins,
      vantages,
      probes_per_s,
      reports_per_s,
      rows_per_s,
      us_per_probe,
      us_per_report,
      summary_bytes,
      fragment_bytes,
      bytes_per_origin,
    } = found;
    console.log(
      `[scale] ${origins} origins × ${vantages}, ${found.shards} shards: ${probes_per_s} probes/s, ${reports_per_s} reports/s, ${rows_per_s} rows/s; ` +
        `${us_per_probe} µs a probe, ${us_per_report} µs a report; summary ${summary_bytes} bytes, fragment ${fragment_bytes}; ${bytes_per_origin} bytes an origin`,
    );
    lines.push(`scale ${origins} origins × ${vantages}, cost of a report: ${us_per_report} µs`);
  }
  return lines;
}
