// A cold start: from starting the process to listening and to the first answer, and the CPU of
// each, against the peer.

import { freePort } from "../lib/ports.mjs";
import { usual } from "./peer.mjs";
import { configured, cpu, originProcess, serve, serveVedette, shop, until } from "./plain.mjs";
import { median } from "./statistics.mjs";

/**
 * Waits until the process has nothing more to do, so that what it did so far is not taken for what
 * comes next.
 */
async function atRest({ pid }) {
  let last = NaN;
  await until("the process is at rest", () => {
    const [before, now] = [last, cpu(pid)];
    last = now;
    return Number.isNaN(now) || now === before;
  });
}

/** One cold start and its first answer, in milliseconds: the times, and the CPU of both. */
export async function cold(start, path) {
  const worker = await start();
  try {
    const listening = worker.listened - worker.begun;
    await atRest(worker);
    const starting = cpu(worker.pid);
    const asked = performance.now();
    const answer = await worker.get(path);
    await answer.text();
    const answering = performance.now() - asked;
    return { listening, answering, answered: listening + answering, starting, answer: cpu(worker.pid) - starting };
  } finally {
    await worker.stop();
  }
}

export async function startup({ starts = 10 }) {
  const origins = [await originProcess(await freePort()), await originProcess(await freePort())];
  const config = configured(shop(origins.map(({ port }) => port)));
  const answer = { status: 200, headers: { "content-type": "application/health+json" }, body: '{"status":"pass"}' };
  const peer = { entry: "peer.mjs", texts: { "peer.mjs": usual({ "/health": answer }) } };
  const kinds = {
    "/livez": () => cold(() => serveVedette(config), "/livez"),
    "/health": () => cold(() => serveVedette(config), "/health"),
    peer: () => cold(() => serve(peer), "/health"),
  };
  const seen = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]));
  try {
    for (let round = 0; round < starts; round += 1) for (const [kind, run] of Object.entries(kinds)) seen[kind].push(await run());
  } finally {
    for (const origin of origins) await origin.stop();
  }
  const mid = (kind, of) => median(seen[kind].map((one) => one[of]));
  for (const kind of Object.keys(kinds)) {
    const ms = (of) => mid(kind, of).toFixed(1);
    console.log(
      `[start] ${kind}: listens after ${ms("listening")} ms (${ms("starting")} ms CPU); ` +
        `first answer within ${ms("answering")} ms (${ms("answer")} ms CPU)`,
    );
  }
  const ratio = (of) => mid("/health", of) / mid("peer", of);
  const cost = (kind) => mid(kind, "starting") + mid(kind, "answer");
  return [
    `start-up: ${ratio("listening").toFixed(2)}`,
    `start-up to first /health: ${ratio("answered").toFixed(2)}`,
    `CPU of start-up: ${ratio("starting").toFixed(2)}`,
    `CPU of a cold first answer: ${ratio("answer").toFixed(2)}`,
    `CPU of start-up and first answer beyond the peer's: ${(cost("/health") - cost("peer")).toFixed(1)} ms`,
  ].filter((line) => !line.includes("NaN"));
}
