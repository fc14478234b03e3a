// Load: wrk where it is, else a loop of our own that is good enough to see that the pieces fit together.

import { Agent, request } from "node:http";
import { spawnSync } from "node:child_process";
import { Stop, run } from "../lib/run.mjs";
import { quantile } from "./statistics.mjs";

const hasWrk = () => spawnSync("wrk", ["--version"]).error === undefined;

/** wrk, installed where that can be done. */
export async function wrk() {
  if (!hasWrk() && process.getuid?.() === 0 && spawnSync("apt-get", ["--version"]).status === 0) {
    console.log("[bench] installing wrk …");
    await run("apt-get", ["install", "--yes", "--no-install-recommends", "wrk"]).catch(() => {});
  }
  if (!hasWrk()) throw new Stop("wrk is missing; install it (Debian: apt-get install wrk; macOS: brew install wrk), or say --load loop.");
  return async (url, seconds) => {
    const said = await run("wrk", ["-t1", "-c16", `-d${Math.max(1, Math.round(seconds))}s`, "--latency", url]);
    const number = (pattern) => Number(said.match(pattern)?.[1] ?? 0);
    const [, p99, unit] = said.match(/99%\s+([\d.]+)(us|ms|s)/) ?? [];
    const scale = { us: 0.001, ms: 1, s: 1000 }[unit];
    return {
      count: number(/(\d+) requests in/),
      rate: number(/Requests\/sec:\s+([\d.]+)/),
      p99: Number(p99) * scale,
      bad: number(/Non-2xx or 3xx responses: (\d+)/) + (said.includes("Socket errors") ? 1 : 0),
    };
  };
}

/** A loop over sixteen connections that are kept open. */
export function loop() {
  return async (url, seconds) => {
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
        request(url, { agent }, (answer) => answer.resume().on("end", () => done(answer.statusCode < 400)))
          .on("error", () => done(false))
          .end();
      });
    const client = async () => {
      while (performance.now() < until) await one();
    };
    await Promise.all(Array.from({ length: 16 }, client));
    agent.destroy();
    return { count: latencies.length, rate: latencies.length / seconds, p99: quantile(latencies, 0.99), bad };
  };
}
