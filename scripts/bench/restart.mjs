// Rolling restarts of real servers under load, behind our proxy, nginx and HAProxy: how many
// requests fail, how many orders are executed twice, and how long one waits. Each proxy has two
// servers of its own, and one proxy is loaded at a time.

import { Stop } from "../lib/run.mjs";
import { haproxy, nginx } from "../lib/debian.mjs";
import { realServers } from "../lib/python.mjs";
import { openLoop } from "./open-loop.mjs";
import { HOST, haproxyProxy, nginxProxy, vedetteProxy } from "./outage.mjs";
import { until } from "./plain.mjs";
import { realServer, servers } from "./servers.mjs";
import { quantile } from "./statistics.mjs";

/** Requests a second: of eleven, ten are GETs and one is a POST. */
const RATE = 55;
const POST_EVERY = 11;

/**
 * When the first and the second server are restarted, as shares of the time: the first has time to
 * start, and to be seen again.
 */
const RESTARTS = [0.27, 0.6];

/** With less time, what is measured is how long a server takes to start. */
const SECONDS_LEAST = 20;

/** The proxies, the one that the others are compared with first. */
const proxies = { Vedette: (pair) => vedetteProxy(undefined, pair), nginx: nginxProxy, HAProxy: haproxyProxy };

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * One rolling restart behind one proxy: every outcome, the orders that were executed, and how often
 * a server had to be killed.
 */
export async function rolled(kind, serve, seconds) {
  const running = [];
  try {
    for (const _ of RESTARTS) running.push(await realServer(kind));
    const pair = [...running];
    const proxy = await serve(pair);
    running.unshift(proxy);
    await until(`${proxy.name} is content`, proxy.passes);
    const load = openLoop({ port: proxy.port, host: HOST, rate: RATE, seconds, postEvery: POST_EVERY, anew: true });
    let restarted;
    for (const [at, share] of RESTARTS.entries()) {
      await pause(seconds * 1000 * (share - (RESTARTS[at - 1] ?? 0)));
      // One after the other, as who rolls does.
      await restarted;
      restarted = pair[at].restart();
    }
    const outcomes = await load;
    await restarted;
    return { outcomes, orders: pair.flatMap((one) => one.orders()), killed: pair.reduce((sum, one) => sum + one.killed, 0) };
  } finally {
    for (const one of running) await one.stop();
  }
}

/** What came of a run, counted. */
export function tallied({ outcomes, orders, killed }) {
  const of = (method) => outcomes.filter((one) => one.method === method);
  const failed = (method) => of(method).filter((one) => !one.good);
  const times = new Map();
  for (const order of orders) times.set(order, (times.get(order) ?? 0) + 1);
  return {
    gets: of("GET").length,
    posts: of("POST").length,
    failedGets: failed("GET").length,
    failedPosts: failed("POST").length,
    failedAndExecuted: failed("POST").filter(({ body }) => times.has(body)).length,
    failures: outcomes.filter((one) => !one.good),
    twice: [...times.values()].filter((count) => count > 1).length,
    killed,
    ms: of("GET").map(({ ms }) => ms),
  };
}

const sum = (runs, of) => runs.reduce((sum, run) => sum + run[of], 0);

function told(kind, name, runs) {
  const ms = runs.flatMap((run) => run.ms);
  const [p50, p99] = [0.5, 0.99].map((share) => quantile(ms, share));
  const total = (of) => sum(runs, of);
  console.log(
    `[restart] ${kind}, ${name}: ${total("failedGets")} of ${total("gets")} GETs failed, ${total("failedPosts")} of ${total("posts")} POSTs failed ` +
      `(${total("failedAndExecuted")} of these had been executed), ${total("twice")} executed twice; GET p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms` +
      (total("killed") ? `; ${total("killed")} servers did not end by themselves` : ""),
  );
  for (const { method, status, error, ms, said } of runs.flatMap((run) => run.failures)) {
    console.log(`[restart]   a ${method} failed after ${ms.toFixed(0)} ms: ${[status, said ?? error].filter(Boolean).join(", ")}`);
  }
  return { p50, p99 };
}

export async function restart({ seconds = 30, rounds = 1, servers: chosen }) {
  if (seconds < SECONDS_LEAST)
    throw new Stop(`--seconds must be at least ${SECONDS_LEAST} for restart: both servers have to come back within it.`);
  const kinds = chosen ? chosen.split(",") : Object.keys(servers);
  const unknown = kinds.find((kind) => !(kind in servers));
  if (unknown !== undefined) throw new Stop(`There is no server ${unknown}; there are ${Object.keys(servers).join(", ")}.`);
  await haproxy.bring();
  await nginx.bring();
  await realServers.bring();
  const lines = [];
  for (const kind of kinds) {
    const runs = Object.fromEntries(Object.keys(proxies).map((name) => [name, []]));
    for (let round = 0; round < rounds; round += 1) {
      // Who is first in one round is last in the next.
      const turn = round % 2 ? Object.entries(proxies).reverse() : Object.entries(proxies);
      for (const [name, serve] of turn) runs[name].push(tallied(await rolled(kind, serve, seconds)));
    }
    const times = Object.fromEntries(Object.entries(runs).map(([name, own]) => [name, told(kind, name, own)]));
    for (const [name, own] of Object.entries(runs)) {
      const of = { "failed GETs": "failedGets", "failed POSTs": "failedPosts", "POSTs executed twice": "twice" };
      for (const [what, field] of Object.entries(of)) lines.push(`restart ${kind}, ${name}, ${what}: ${sum(own, field)}`);
      const ratio = (share) => (times.Vedette[share] / times[name][share]).toFixed(2);
      if (name !== "Vedette")
        for (const share of ["p50", "p99"]) lines.push(`restart ${kind}, GET ${share} against ${name}: ${ratio(share)}`);
    }
  }
  return lines;
}
