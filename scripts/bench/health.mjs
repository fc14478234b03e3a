// Health answers from warm memory: our worker against the peer, both in plain workerd, in short rounds that alternate.

import { Stop } from "../lib/run.mjs";
import { freePort } from "../lib/ports.mjs";
import { loop, wrk } from "./load.mjs";
import { source } from "./peer.mjs";
import { median, originProcess, serve, serveVedette, shop, until } from "./plain.mjs";

/** Header fields that belong to the connection. */
const HOP = ["content-length", "date", "connection", "keep-alive", "transfer-encoding"];

async function taken(worker, path) {
  const answer = await worker.get(path);
  const headers = Object.fromEntries([...answer.headers].filter(([name]) => !HOP.includes(name)));
  return { status: answer.status, headers, body: await answer.text() };
}

/** An answer of ours that was given again: what the peer is to answer. */
const fromMemory = (worker, path) =>
  until(`${path} from memory`, async () => {
    const answer = await taken(worker, path);
    return answer.headers["cache-status"].includes("memory") && answer;
  });

/** Alternating rounds; the ratio of throughput is of two neighbours in time. */
async function rounds(count, load, [ours, theirs], seconds) {
  const pairs = [];
  for (let round = 0; round < count; round += 1) {
    const order = round % 2 ? [theirs, ours] : [ours, theirs];
    const results = new Map();
    for (const url of order) results.set(url, await load(url, seconds));
    const pair = [results.get(ours), results.get(theirs)];
    for (const { bad } of pair) if (bad) throw new Stop(`${bad} answers were not as they should be.`);
    pairs.push(pair);
  }
  const mid = (index, of) => median(pairs.map((pair) => pair[index][of]));
  // A pause of the runtime falls into a round or does not, so the p99 of two neighbours may differ by any factor: medians are
  // compared there.
  return { throughput: median(pairs.map(([one, other]) => one.rate / other.rate)), p99: mid(0, "p99") / mid(1, "p99"), ours: [mid(0, "rate"), mid(0, "p99")], theirs: [mid(1, "rate"), mid(1, "p99")] };
}

export async function health({ rounds: count = 40, seconds = 1, load: kind = "wrk" }) {
  const load = kind === "loop" ? loop() : await wrk();
  const origins = [await originProcess(await freePort()), await originProcess(await freePort())];
  const vedette = await serveVedette(shop(origins.map(({ port }) => port)));
  await until("the pool passes", async () => (await (await vedette.get("/health/shop")).json()).status === "pass");
  const paths = ["/health", "/health/shop", "/route/shop"];
  const answers = {};
  for (const path of paths) answers[path] = await fromMemory(vedette, path);
  const peer = { entry: "peer.mjs", texts: { "peer.mjs": source(answers) } };
  const [one, other] = [await serve(peer), await serve(peer)];
  const lines = [];
  try {
    for (const path of paths) {
      const theirs = await until("the peer answers", () => taken(one, path));
      if (JSON.stringify(theirs) !== JSON.stringify(answers[path])) throw new Stop(`The peer does not answer ${path} as we do.`);
    }
    for (const worker of [vedette, one, other]) await load(`${worker.url}/health`, Math.max(seconds, 1) * 2);
    for (const [index, path] of paths.entries()) {
      const some = index === 0 ? count : Math.max(2, Math.round(count / 4));
      const result = await rounds(some, load, [vedette.url + path, one.url + path], seconds);
      const show = ([rate, p99]) => `${Math.round(rate)} answers/s, p99 ${p99.toFixed(1)} ms`;
      console.log(`[health] ${path}, ${some} rounds: ours ${show(result.ours)}; the peer ${show(result.theirs)}`);
      const name = index === 0 ? "health" : `health ${path}`;
      lines.push(`${name} throughput: ${result.throughput.toFixed(2)}`, `${name} p99: ${result.p99.toFixed(2)}`);
    }
    const noise = await rounds(Math.max(2, Math.round(count / 4)), load, [one.url + "/health", other.url + "/health"], seconds);
    lines.push(`noise, the peer against itself, throughput: ${noise.throughput.toFixed(2)}`);
    lines.push(`noise, the peer against itself, p99: ${noise.p99.toFixed(2)}`);
    const again = await taken(vedette, "/health");
    if (again.status !== 200 || JSON.parse(again.body).status !== "pass") throw new Stop("The worker did not stay well under load.");
  } finally {
    await Promise.all([vedette, one, other, ...origins].map((process) => process.stop()));
  }
  return lines;
}
