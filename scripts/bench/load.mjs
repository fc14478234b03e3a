// Load: wrk where it is, else a loop of our own that is good enough to see that the pieces fit
// together.

import { Agent, request } from "node:http";
import { spawnSync } from "node:child_process";
import { Stop, below, run } from "../lib/run.mjs";
import { shares } from "./statistics.mjs";

// A load is `(url, seconds, { host, headers, fresh }) => { count, rate, latencies, bad }`: answers,
// answers a second, the distribution of their latencies in milliseconds at a thousand even shares,
// and how many were not as they should be. With `fresh` no address is asked for twice.

const hasWrk = () => spawnSync("wrk", ["--version"]).error === undefined;

/** wrk, installed where that can be done. */
export async function wrk() {
  if (!hasWrk() && process.getuid?.() === 0 && spawnSync("apt-get", ["--version"]).status === 0) {
    console.log("[bench] installing wrk …");
    await run("apt-get", ["install", "--yes", "--no-install-recommends", "wrk"]).catch(() => {});
  }
  const ways = "install it (Debian: apt-get install wrk; macOS: brew install wrk), or say --load loop";
  if (!hasWrk()) throw new Stop(`wrk is missing; ${ways}.`);
  const script = below("scripts", "bench", "wrk.lua");
  return async (url, seconds, { host, headers = {}, fresh = false } = {}) => {
    const fields = Object.entries(host ? { Host: host, ...headers } : headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
    const time = `-d${Math.max(1, Math.round(seconds))}s`;
    // The clock sees to it that one run does not ask for what another one asked for.
    const words = fresh ? ["--", String(Date.now())] : [];
    const said = await run("wrk", ["-t1", "-c16", time, ...fields, "-s", script, url, ...words]);
    const number = (pattern) => Number(said.match(pattern)?.[1] ?? 0);
    const [, latencies = ""] = said.match(/^latencies: (.*)$/m) ?? [];
    return {
      count: number(/(\d+) requests in/),
      rate: number(/Requests\/sec:\s+([\d.]+)/),
      latencies: latencies.split(" ").map((microseconds) => Number(microseconds) / 1000),
      bad: number(/Non-2xx or 3xx responses: (\d+)/) + (said.includes("Socket errors") ? 1 : 0),
    };
  };
}

/** A loop over sixteen connections that are kept open. */
export function loop() {
  return async (url, seconds, { host, headers: more = {}, fresh = false } = {}) => {
    const headers = host ? { host, ...more } : more;
    let at = Date.now() * 1000;
    const agent = new Agent({ keepAlive: true, maxSockets: 16 });
    const until = performance.now() + seconds * 1000;
    const latencies = [];
    let bad = 0;
    const one = () =>
      new Promise((resolve) => {
        const begun = performance.now();
        const done = (good) => {
          latencies.push(performance.now() - begun);
          if (!good) bad += 1;
          resolve();
        };
        const own = fresh ? `${url}&n=${(at += 1)}` : url;
        request(own, { agent, headers }, (answer) => answer.resume().on("end", () => done(answer.statusCode < 400)))
          .on("error", () => done(false))
          .end();
      });
    const client = async () => {
      while (performance.now() < until) await one();
    };
    await Promise.all(Array.from({ length: 16 }, client));
    agent.destroy();
    return { count: latencies.length, rate: latencies.length / seconds, latencies: shares(latencies), bad };
  };
}
