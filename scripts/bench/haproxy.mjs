// How soon a failing origin is noticed, and that it is back, beside HAProxy: both watch the same origin in the same moment, with
// the same interval, timeout, rise and fall.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../lib/ports.mjs";
import { Stop, end, start } from "../lib/run.mjs";
import { HAPROXY, haproxyTool } from "../lib/setup.mjs";
import { faults } from "./faults.mjs";
import { configured, originProcess, serveVedette, shop, until } from "./plain.mjs";
import { median, quantile } from "./statistics.mjs";

/** How often each watcher is asked; both in the same turn. */
const EVERY_MS = 10;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** HAProxy with one server to check: interval 1 s, timeout 0.5 s, fall 2, rise 2, as our configuration says. */
async function serveHaproxy(port) {
  const folder = mkdtempSync(join(tmpdir(), "vedette-haproxy-"));
  const socket = join(folder, "socket");
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
  server primary 127.0.0.1:${port} check inter 1s fall 2 rise 2
`,
  );
  const child = start(HAPROXY, ["-db", "-f", join(folder, "haproxy.cfg")], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk) => (said = (said + chunk).slice(-2000)));
  child.once("exit", (code) => code && console.error(`HAProxy ended (${code}):\n${said}`));
  const stop = () => end(child).then(() => rmSync(folder, { recursive: true, force: true }));
  return { up: () => isUp(socket), stop };
}

/** Whether HAProxy holds the server for up, by its runtime API. */
const isUp = (socket) =>
  new Promise((resolve, reject) => {
    let text = "";
    const connection = createConnection(socket, () => connection.end("show stat -1 4 -1\n"));
    connection.on("data", (chunk) => (text += chunk));
    connection.on("error", reject);
    connection.on("end", () => {
      const [head, ...lines] = text.replace(/^# /, "").trim().split("\n");
      const column = head.split(",").indexOf("status");
      const server = lines.map((line) => line.split(",")).find(([, name]) => name === "primary");
      resolve(server[column].startsWith("UP"));
    });
  });

async function vedetteWatches(ports, vantages) {
  // A fault every few seconds is flapping to us, which HAProxy does not know: it is not held against the origin here.
  const config = shop(ports)
    .replace(/vantages = .*/, `vantages = ${JSON.stringify(vantages)}`)
    .replace('name = "shop"', 'name = "shop"\nmax_hold = "0s"');
  const worker = await serveVedette(configured(config));
  const word = async () => (await worker.get("/health/shop/primary?format=text")).text();
  return { up: async () => (await word()) === "pass\n", down: async () => (await word()) === "fail\n", stop: worker.stop };
}

/** How long after `begun` each watcher says so, in milliseconds. */
async function noticed(watchers, wanted, begun) {
  const times = {};
  const deadline = begun + 30_000;
  while (Object.keys(times).length < Object.keys(watchers).length) {
    await Promise.all(
      Object.entries(watchers).map(async ([name, watcher]) => {
        if (!(name in times) && (await watcher[wanted]())) times[name] = performance.now() - begun;
      }),
    );
    if (performance.now() > deadline) throw new Stop(`Not every watcher says ${wanted} within 30 s: ${JSON.stringify(times)}`);
    await pause(EVERY_MS);
  }
  return times;
}

export async function haproxy({ faults: count = 20 }) {
  await haproxyTool();
  const origin = await originProcess(await freePort());
  const standby = await originProcess(await freePort());
  const ports = [origin.port, standby.port];
  const peer = await serveHaproxy(origin.port);
  const watchers = {
    one: await vedetteWatches(ports, ["weur"]),
    three: await vedetteWatches(ports, ["weur", "enam", "apac"]),
    haproxy: { up: peer.up, down: async () => !(await peer.up()), stop: peer.stop },
  };
  const lines = [];
  try {
    for (const [fault, { breaks, mends }] of Object.entries(faults)) {
      const taken = { detection: [], recovery: [] };
      for (let round = 0; round < count; round += 1) {
        for (const watcher of Object.values(watchers)) await until("everybody is content", watcher.up);
        // Spread over the interval: a fraction of it that no two rounds share.
        await pause(((round * 0.618034) % 1) * 1000);
        const begun = performance.now();
        await breaks(origin);
        taken.detection.push(await noticed(watchers, "down", begun));
        await pause(((round * 0.381966) % 1) * 1000);
        await mends(origin);
        taken.recovery.push(await noticed(watchers, "up", performance.now()));
      }
      for (const [what, times] of Object.entries(taken)) lines.push(...told(fault, what, times));
    }
  } finally {
    // What is stopped does not end by itself.
    process.kill(origin.pid, "SIGCONT");
    await Promise.all([...Object.values(watchers), origin, standby].map(({ stop }) => stop()));
  }
  return lines;
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
