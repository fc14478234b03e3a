// How long a killed origin goes unnoticed: from SIGKILL to the first 503 of its health.

import { freePort } from "../lib/ports.mjs";
import { configured, originProcess, serveVedette, shop, until } from "./plain.mjs";
import { median, quantile } from "./statistics.mjs";

/** Interval 1 s, fall 2, timeout 0.5 s: two intervals, a timeout and half a second. */
const BOUND = 3000;

export async function detection({ kills = 20 }) {
  const port = await freePort();
  let primary = await originProcess(port);
  const standby = await originProcess(await freePort());
  const vedette = await serveVedette(configured(shop([primary.port, standby.port])));
  const status = async () => (await vedette.get("/health/shop/primary")).status;
  const passes = async () => (await vedette.get("/health/shop/primary?format=text")).text();
  const times = [];
  try {
    for (let kill = 0; kill < kills; kill += 1) {
      await until("the primary passes", async () => (await passes()) === "pass\n");
      // Spread over the interval: a fraction of it that no two kills share.
      await new Promise((resolve) => setTimeout(resolve, ((kill * 0.618034) % 1) * 1000));
      const begun = performance.now();
      process.kill(primary.pid, "SIGKILL");
      await until("the primary fails", async () => (await status()) === 503, 30_000, 5);
      times.push(performance.now() - begun);
      primary = await originProcess(port);
    }
  } finally {
    await Promise.all([vedette, primary, standby].map((process) => process.stop()));
  }
  const seconds = (ms) => (ms / 1000).toFixed(2);
  console.log(`[detection] each: ${times.map(seconds).join(" ")} s`);
  return [
    `detection median: ${seconds(median(times))} s`,
    `detection p95: ${seconds(quantile(times, 0.95))} s`,
    `detection longest: ${seconds(Math.max(...times))} s`,
    `detection within ${seconds(BOUND)} s: ${times.filter((time) => time <= BOUND).length}/${times.length}`,
  ];
}
