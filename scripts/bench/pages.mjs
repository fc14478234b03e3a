// What pages cost, of two origins and of sixty: throughput and the first byte from warm memory
// beside `/health` of the same worker, bytes, and CPU of a page that is made anew.

import { Agent, get } from "node:http";
import { gzipSync } from "node:zlib";
import { Stop } from "../lib/run.mjs";
import { freePort } from "../lib/ports.mjs";
import { loop, wrk } from "./load.mjs";
import { configured, cpu, originProcess, serveVedette, shop, until } from "./plain.mjs";
import { even, round } from "./rounds.mjs";
import { median } from "./statistics.mjs";

const POOLS = 20;
const ORIGINS = 3;

/** Answered again from memory, to whoever asks. */
const KEPT = ["/", "/status"];

/** Twenty pools of three; those of the last one are in a process of their own. */
function sixty(port, last) {
  const url = (pool, origin) => `http://127.0.0.1:${pool === POOLS - 1 ? last : port}/p${pool}/o${origin}`;
  const origin = (pool) => (_, index) => `[[pool.origin]]\nname = "o${index}"\nurl = "${url(pool, index)}"\n`;
  const pool = (_, index) =>
    `[[pool]]\nname = "p${index}"\ntitle = "Service ${index}"\n${Array.from({ length: ORIGINS }, origin(index)).join("")}`;
  return `plan = "paid"
[access]
api = "public"
[defaults]
interval = "2s"
timeout = "1s"
fall = 2
rise = 2
vantages = ["weur", "enam", "apac"]
${Array.from({ length: POOLS }, pool).join("\n")}`;
}

/** What `/v1/history` tells of a whole day: 288 steps of two cache classes. */
function wholeDay() {
  const [STEP, now] = [300_000, Date.now()];
  const to = Math.ceil(now / STEP) * STEP;
  const at = (step) => new Date(to + (step - 288) * STEP).toISOString();
  const quantiles = (ms) => ({ quantiles: { 0.5: ms, 0.95: 2 * ms, 0.99: 3 * ms } });
  const sums = (step) => ({
    ...{ samples: 90, pass: 90 - (step % 7), warn: 0, fail: step % 7, db_stated: 90, db_calls: 290 },
    ...{ response_ms: quantiles(60 + (step % 50)), db_ms: quantiles(20 + (step % 9)) },
  });
  const one = (step) => ({ at: at(step), unknown_s: 0, classes: { "origin-proven": sums(step), "edge-only": sums(step + 3) } });
  return JSON.stringify({ from: at(0), to: at(288), complete_until: at(287), steps: Array.from({ length: 288 }, (_, step) => one(step)) });
}

/** A worker whose Arbiter tells of a whole day, which nobody waits for. */
const withPast = (entry) => {
  const own = "export const Arbiter = durable(wasm.Arbiter);";
  if (!entry.includes(own)) throw new Stop("entry.mjs no longer exports the Arbiter as it did.");
  const told = `const told = ${JSON.stringify(wholeDay())};`;
  const asked = 'new URL(request.url).pathname.startsWith("/history/")';
  return entry.replace(
    own,
    `${told}\nexport class Arbiter extends durable(wasm.Arbiter) {\n  fetch(request) {\n    return ${asked} ? new Response(told) : super.fetch(request);\n  }\n}`,
  );
};

/** Throughput of a page from memory, of that of `/health`: rounds of neighbours, in turns. */
async function beside(worker, load, path, { rounds, seconds }) {
  const pairs = [];
  for (let at = 0; at < rounds; at += 1) {
    const pair = {};
    for (const one of at % 2 ? [path, "/health"] : ["/health", path]) pair[one] = (await round(load, worker, one, { seconds })).rate;
    pairs.push(pair);
  }
  const middle = (of) => median(pairs.map((pair) => pair[of])).toFixed(0);
  console.log(`[pages] ${path} from memory: ${middle(path)} answers/s, /health ${middle("/health")}`);
  return median(pairs.map((pair) => pair[path] / pair["/health"]));
}

/** Milliseconds until the head of an answer is there. */
const firstByte = (url, agent) =>
  new Promise((resolve, reject) => {
    const begun = performance.now();
    get(url, { agent }, (answer) => {
      const spent = performance.now() - begun;
      answer.resume().on("end", () => resolve(spent));
    }).on("error", reject);
  });

/** The first byte of a page from memory beside that of `/health`, to who asks in turns. */
async function sooner(worker, path, times) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const spent = { [path]: [], "/health": [] };
  for (let time = 0; time < times; time += 1)
    for (const one of [path, "/health"]) spent[one].push(await firstByte(worker.url + one, agent));
  agent.destroy();
  const middle = (of) => median(spent[of]);
  console.log(`[pages] ${path}: the first byte after ${middle(path).toFixed(2)} ms, /health ${middle("/health").toFixed(2)} ms`);
  return middle("/health") / middle(path);
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** CPU of a second in which nobody asks, in milliseconds. */
async function atRest(worker, seconds) {
  const [begun, spent] = [performance.now(), cpu(worker.pid)];
  await pause(seconds * 1000);
  return ((cpu(worker.pid) - spent) / (performance.now() - begun)) * 1000;
}

/**
 * CPU of the process for a page that is made anew, in milliseconds, without what it spends when
 * nobody asks; objects that it asks are in it. The middle of rounds.
 */
async function made(worker, path, { rounds, rest }) {
  const each = [];
  for (let at = 0; at < rounds; at += 1) {
    const [begun, spent, times] = [performance.now(), cpu(worker.pid), 20];
    for (let time = 0; time < times; time += 1) {
      // A question with a condition is answered from no memory.
      const answer = await worker.get(path, { headers: { "if-none-match": `"${at}-${time}"` } });
      await answer.arrayBuffer();
      if (answer.status !== 200) throw new Stop(`${path} answers ${answer.status}.`);
    }
    each.push((cpu(worker.pid) - spent - (rest * (performance.now() - begun)) / 1000) / times);
  }
  return median(each);
}

/** Serves our worker on a configuration, and waits until everything passes. */
async function passing(text, serving, options) {
  const worker = await serveVedette(configured(text), options);
  serving.push(worker);
  const passes = async () => (await (await worker.get("/health")).json()).status === "pass";
  await until("everything passes", passes, 60_000);
  return worker;
}

/** Throughput and first bytes of what is kept. */
async function fromMemory(worker, name, load, { rounds, seconds }) {
  const said = [];
  for (const path of KEPT) {
    const ratio = await beside(worker, load, path, { rounds: even(rounds), seconds });
    const first = await sooner(worker, path, Math.ceil(200 * seconds));
    said.push(`pages ${path} ${name}, throughput: ${ratio.toFixed(2)}`, `pages ${path} ${name}, first byte: ${first.toFixed(2)}`);
  }
  return said;
}

export async function pages({ rounds = 12, seconds = 1, load: kind = "wrk" }) {
  const load = kind === "loop" ? loop() : await wrk();
  const serving = [];
  try {
    const [origin, last] = [await originProcess(await freePort()), await originProcess(await freePort())];
    serving.push(origin, last);
    const few = await passing(shop([origin.port, last.port]), serving);
    const said = await fromMemory(few, "of two origins", load, { rounds, seconds });
    await few.stop();
    const worker = await passing(sixty(origin.port, last.port), serving, { changed: withPast });
    said.push(...(await fromMemory(worker, "of sixty", load, { rounds, seconds })));

    await fetch(`http://127.0.0.1:${last.port}/mode/500`, { method: "PUT" });
    const open = async () => (await (await worker.get("/v1/incidents")).json()).incidents[0];
    const incident = await until("an incident is open", open, 60_000);
    const rest = await atRest(worker, 5 * seconds);
    for (const path of ["/", "/status", "/pool/p19", "/pool/p19/o2", "/incidents", `/incident/${incident.id}`]) {
      const body = await (await worker.get(path)).text();
      const spent = await made(worker, path, { rounds, rest });
      const name = path.replace(incident.id, "{id}");
      console.log(`[pages] ${name} made anew: ${spent.toFixed(2)} ms of CPU; ${body.length} bytes, ${gzipSync(body).length} gzip`);
      said.push(`pages ${name} of sixty, CPU: ${spent.toFixed(2)} ms`);
    }
    return said;
  } finally {
    await Promise.all(serving.map((one) => one.stop()));
  }
}
