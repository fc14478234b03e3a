// How soon a failing origin is noticed, and that it is back, beside HAProxy: both watch the same
// origins in the same moment, with the same interval, timeout, rise and fall.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../lib/ports.mjs";
import { Stop, end, start } from "../lib/run.mjs";
import * as debian from "../lib/debian.mjs";
import { faults } from "./faults.mjs";
import { configured, originProcess, pool, serveVedette, until } from "./plain.mjs";
import { median, quantile } from "./statistics.mjs";

/** How often each watcher is asked; all in the same turn. */
const EVERY_MS = 10;

/**
 * Origins that are broken in turn. One that fell three times within a minute flaps to us, which
 * HAProxy does not know.
 */
const ORIGINS = 10;

const nameOf = (place) => `o${place}`;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Waits until so much of a second has passed: all watchers probe once a second, each at a moment of
 * its own.
 */
const momentOf = (fraction) => pause((((fraction % 1) - (Date.now() % 1000) / 1000 + 2) % 1) * 1000);

/**
 * HAProxy with servers to check: interval 1 s, timeout 0.5 s, fall 2, rise 2, as our configuration
 * says.
 */
async function serveHaproxy(origins) {
  const folder = mkdtempSync(join(tmpdir(), "vedette-haproxy-"));
  const socket = join(folder, "socket");
  const servers = origins.map(({ port }, place) => `  server ${nameOf(place)} 127.0.0.1:${port} check inter 1s fall 2 rise 2\n`);
  writeFileSync(
    join(folder, "haproxy.cfg"),
    `global
  stats socket ${socket} mode 600 level user
defaults
  mode http
  timeout connect 500ms
  timeout check 500ms
  timeout client 5s
  timeout server 5s
frontend in
  bind 127.0.0.1:${await freePort()}
  default_backend shop
backend shop
  option httpchk GET /health
  http-check expect status 200-299
${servers.join("")}`,
  );
  const child = start(debian.haproxy.program, ["-db", "-f", join(folder, "haproxy.cfg")], {
    env: debian.haproxy.env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk) => (said = (said + chunk).slice(-2000)));
  child.once("exit", (code) => code && console.error(`HAProxy ended (${code}):\n${said}`));
  const stop = () => end(child).then(() => rmSync(folder, { recursive: true, force: true }));
  const up = (name) => isUp(socket, name);
  return { content: up, up, down: async (name) => !(await up(name)), stop };
}

/** Whether HAProxy holds a server for up, by its runtime API. */
const isUp = (socket, name) =>
  new Promise((resolve, reject) => {
    let text = "";
    const connection = createConnection(socket, () => connection.end("show stat -1 4 -1\n"));
    connection.on("data", (chunk) => (text += chunk));
    connection.on("error", reject);
    connection.on("end", () => {
      const [head, ...lines] = text.replace(/^# /, "").trim().split("\n");
      const column = head.split(",").indexOf("status");
      const server = lines.map((line) => line.split(",")).find(([, other]) => other === name);
      resolve(server[column].startsWith("UP"));
    });
  });

/** The worker of the checkout in `folder`, from these vantages. */
export async function vedetteWatches(origins, vantages, folder) {
  const tables = origins.map(
    ({ port }, place) => `
  [[pool.origin]]
  name = "${nameOf(place)}"
  url = "http://127.0.0.1:${port}"
`,
  );
  const worker = await serveVedette(configured(pool({ vantages }) + tables.join(""), folder), { folder });
  const word = async (name) => (await worker.get(`/health/shop/${name}?format=text`)).text();
  const says =
    (...wanted) =>
    async (name) =>
      wanted.includes((await word(name)).trim());
  // What a minority of the vantages has yet to see serves again, with a warning; HAProxy knows no
  // such state.
  return { content: says("pass"), up: says("pass", "warn"), down: says("fail"), stop: worker.stop };
}

/** How long after `begun` each watcher says so, in milliseconds. */
async function noticed(watchers, wanted, origin, begun) {
  const times = {};
  const deadline = begun + 30_000;
  while (Object.keys(times).length < Object.keys(watchers).length) {
    await Promise.all(
      Object.entries(watchers).map(async ([name, watcher]) => {
        if (!(name in times) && (await watcher[wanted](origin))) times[name] = performance.now() - begun;
      }),
    );
    if (performance.now() > deadline) throw new Stop(`Not every watcher says ${wanted} within 30 s: ${JSON.stringify(times)}`);
    await pause(EVERY_MS);
  }
  return times;
}

/**
 * Breaks and mends origins in turn, `count` times with each fault. Takes how long each of the
 * watchers that `serve` makes took to see it. `told(fault, what, times)` makes lines of it.
 */
export async function noticing(serve, count, told) {
  const [origins, watchers, lines] = [[], {}, []];
  let turn = 0;
  try {
    for (let place = 0; place < ORIGINS; place += 1) origins.push(await originProcess(await freePort()));
    for (const [name, watcher] of Object.entries(serve)) watchers[name] = await watcher(origins);
    for (const [fault, { breaks, mends }] of Object.entries(faults)) {
      const taken = { detection: [], recovery: [] };
      for (let round = 0; round < count; round += 1) {
        const place = turn++ % ORIGINS;
        const [origin, name] = [origins[place], nameOf(place)];
        for (const watcher of Object.values(watchers)) await until("everybody is content", () => watcher.content(name));
        // Spread over the interval: a fraction of it that no two rounds share, and evenly however
        // few there are.
        await momentOf(round * 0.618034);
        const begun = performance.now();
        await breaks(origin);
        taken.detection.push(await noticed(watchers, "down", name, begun));
        await momentOf(round * 0.618034 + 0.5);
        await mends(origin);
        taken.recovery.push(await noticed(watchers, "up", name, performance.now()));
      }
      for (const [what, times] of Object.entries(taken)) lines.push(...told(fault, what, times));
    }
  } finally {
    // What is stopped does not end by itself.
    for (const { pid } of origins) process.kill(pid, "SIGCONT");
    await Promise.all([...Object.values(watchers), ...origins].map(({ stop }) => stop()));
  }
  return lines;
}

export async function haproxy({ faults: count = 20 }) {
  await debian.haproxy.bring();
  const serve = {
    one: (origins) => vedetteWatches(origins, ["weur"]),
    three: (origins) => vedetteWatches(origins, ["weur", "enam", "apac"]),
    haproxy: serveHaproxy,
  };
  return noticing(serve, count, told);
}

function told(fault, what, times) {
  const of = (name) => times.map((time) => time[name]);
  const [one, three, peer] = ["one", "three", "haproxy"].map(of);
  const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;
  const row = (name, values) => `${name} ${seconds(median(values))} (p95 ${seconds(quantile(values, 0.95))})`;
  console.log(`[haproxy] ${fault} ${what}, median: ${row("HAProxy", peer)}, ${row("one vantage", one)}, ${row("three", three)}`);
  const ratio = (values) => (median(values) / median(peer)).toFixed(2);
  return [`haproxy ${fault} ${what}: ${ratio(one)}`, `haproxy ${fault} ${what}, three vantages: ${ratio(three)}`];
}
