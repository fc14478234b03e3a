// A cold start: from starting the process to the first answers, and the CPU that this costs, against the peer.

import { freePort } from "../lib/ports.mjs";
import { source } from "./peer.mjs";
import { cpu, median, originProcess, serve, serveVedette, shop, until } from "./plain.mjs";

async function cold(make, path) {
  const worker = await make();
  try {
    await until("the first answer", async () => (await worker.get(path)).ok, 30_000, 1);
    return { wall: performance.now() - worker.begun, cpu: cpu(worker.pid) };
  } finally {
    await worker.stop();
  }
}

export async function startup({ starts = 10 }) {
  const origins = [await originProcess(await freePort()), await originProcess(await freePort())];
  const toml = shop(origins.map(({ port }) => port));
  const answer = { status: 200, headers: { "content-type": "application/health+json" }, body: '{"status":"pass"}' };
  const peer = { entry: "peer.mjs", texts: { "peer.mjs": source({ "/health": answer }) } };
  const kinds = {
    "first /livez": () => cold(() => serveVedette(toml), "/livez"),
    "first /health": () => cold(() => serveVedette(toml), "/health"),
    "first answer of the peer": () => cold(() => serve(peer), "/health"),
  };
  const seen = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]));
  for (let round = 0; round < starts; round += 1) for (const [kind, run] of Object.entries(kinds)) seen[kind].push(await run());
  for (const origin of origins) await origin.stop();
  const mid = (kind, of) => median(seen[kind].map((one) => one[of]));
  for (const kind of Object.keys(kinds))
    console.log(`[start] ${kind}: ${mid(kind, "wall").toFixed(0)} ms after the process began, ${mid(kind, "cpu").toFixed(1)} ms CPU in all`);
  const ours = mid("first /health", "cpu") - mid("first answer of the peer", "cpu");
  return [
    `start-up to first /health: ${(mid("first /health", "wall") / mid("first answer of the peer", "wall")).toFixed(2)}`,
    `CPU of a cold first answer: ${(mid("first /health", "cpu") / mid("first answer of the peer", "cpu")).toFixed(2)}`,
    `CPU of a cold first answer beyond the peer's: ${ours.toFixed(1)} ms`,
  ];
}
