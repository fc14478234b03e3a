// Proxied GETs: our worker against a JavaScript worker that does `return fetch(request)`, to the same origin, in plain workerd, in short
// rounds that alternate.

import { Stop } from "../lib/run.mjs";
import { freePort } from "../lib/ports.mjs";
import { loop, wrk } from "./load.mjs";
import { configured, cpu, originProcess, serve, serveVedette, shop, until } from "./plain.mjs";
import { median, quantile } from "./statistics.mjs";

const HOST = "shop.localhost";

/** The peer: what a worker on a route does if it does nothing. */
const passThrough = "export default { fetch: (request) => fetch(request) };";

/** The careful peer: a worker that does by hand what a proxy has to do, for one fixed origin: the fields that say who asks and where the
 *  request has been, a deadline for the response headers, and what is said of the way back. It decides nothing, and tries nothing again. */
const careful = (origin) => `
const forged = ["proxy-connection", "x-forwarded-port", "x-forwarded-prefix", "x-forwarded-server", "x-real-ip"];
export default {
  async fetch(request) {
    const url = new URL(request.url);
    const headers = new Headers(request.headers);
    for (const name of forged) headers.delete(name);
    const loop = headers.get("cdn-loop");
    if (loop?.includes("careful")) return new Response("loop", { status: 508 });
    headers.set("cdn-loop", loop ? loop + ", careful" : "careful");
    headers.set("via", "1.1 careful");
    const client = headers.get("cf-connecting-ip");
    if (client) headers.set("x-forwarded-for", client);
    headers.set("x-forwarded-host", url.host);
    headers.set("x-forwarded-proto", url.protocol.slice(0, -1));
    headers.set("forwarded", "host=" + url.host + ";proto=" + url.protocol.slice(0, -1));
    const trace = crypto.randomUUID().replaceAll("-", "");
    if (!headers.has("traceparent")) headers.set("traceparent", "00-" + trace + "-" + trace.slice(16) + "-00");
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), 10_000);
    const began = Date.now();
    const init = { method: request.method, headers, body: request.body, redirect: "manual", signal: controller.signal };
    const response = await fetch("${origin}" + url.pathname + url.search, init);
    clearTimeout(timer);
    const answer = new Response(response.body, response);
    answer.headers.append("via", "1.1 careful");
    answer.headers.append("proxy-status", "careful; next-hop=primary");
    answer.headers.append("server-timing", "careful;dur=" + (Date.now() - began));
    return answer;
  },
};`;

/** Routes, the first of which takes what is measured, and so many others that do not. */
const routes = (count) =>
  `\n[[route]]\nhost = "${HOST}"\npool = "shop"\n` +
  Array.from({ length: count - 1 }, (_, at) =>
    `\n[[route]]\nhost = "${at % 2 ? HOST : `shop-${at}.localhost`}"\npath = "/section-${at}"\npool = "shop"\n`).join("");

async function round(load, { url, pid }, path, seconds) {
  const before = cpu(pid);
  const { count, rate, latencies, bad } = await load(url + path, seconds, HOST);
  if (bad || !count) throw new Stop(`${bad} of ${count} answers to ${path} were not as they should be.`);
  return { rate, latencies, cpu: ((cpu(pid) - before) / count) * 1000 };
}

async function compare(load, [one, other], path, { rounds, seconds }) {
  const pairs = [];
  for (let at = 0; at < rounds; at += 1) {
    const pair = [];
    for (const index of at % 2 ? [1, 0] : [0, 1]) pair[index] = await round(load, [one, other][index], path, seconds);
    pairs.push(pair);
  }
  const p99 = [0, 1].map((index) => quantile(pairs.flatMap((pair) => pair[index].latencies), 0.99));
  console.log(`[proxy] ${rounds} rounds of ${one.name} and ${other.name}`);
  for (const [index, { name }] of [one, other].entries()) {
    const middle = (of) => median(pairs.map((pair) => pair[index][of]));
    console.log(`[proxy]   ${name}: ${middle("rate").toFixed(0)} answers/s, p99 ${p99[index].toFixed(1)} ms, ${middle("cpu").toFixed(1)} µs CPU each`);
  }
  const ofNeighbours = (of) => median(pairs.map(([left, right]) => left[of] / right[of]));
  return { throughput: ofNeighbours("rate"), p99: p99[0] / p99[1], CPU: ofNeighbours("cpu") };
}

const lines = (name, ratios) =>
  Object.entries(ratios)
    .filter(([, ratio]) => Number.isFinite(ratio))
    .map(([of, ratio]) => `proxy ${name}${of}: ${ratio.toFixed(2)}`);

/** Two orders, as often each. */
const even = (number) => Math.max(2, 2 * Math.round(number / 2));

export async function proxy({ rounds = 40, seconds = 1, load: kind = "wrk" }) {
  const load = kind === "loop" ? loop() : await wrk();
  const serving = [];
  const add = async (name, promise) => {
    const one = Object.assign(await promise, { name });
    serving.push(one);
    return one;
  };
  try {
    const ports = [];
    for (const name of ["primary", "standby"]) ports.push((await add(name, originProcess(await freePort()))).port);
    const toml = shop(ports, { timeout: "1s" });
    const vedette = (name, count) => add(name, serveVedette(configured(toml + routes(count))));
    const ours = await vedette("ours", 10);
    const many = await vedette("ours with 1,000 routes", 1_000);
    const peer = (name) =>
      add(name, serve({ entry: "peer.mjs", texts: { "peer.mjs": passThrough }, outbound: `127.0.0.1:${ports[0]}` }));
    const [through, copy] = [await peer("return fetch(request)"), await peer("its copy")];
    const source = careful(`http://127.0.0.1:${ports[0]}`);
    const same = await add("the careful peer", serve({ entry: "peer.mjs", texts: { "peer.mjs": source } }));
    for (const one of [ours, many]) {
      await until(`${one.name} has a verdict`, async () => (await (await one.get("/route/shop")).json()).status === "pass");
    }
    const path = "/orders/17?page=2";
    for (const one of [ours, many, through, copy, same]) await load(one.url + path, seconds * 2, HOST);
    const said = [];
    const measure = async (name, pair, share) =>
      said.push(...lines(name, await compare(load, pair, path, { rounds: even(rounds * share), seconds })));
    await measure("", [ours, through], 1);
    await measure("against the careful peer, ", [ours, same], 1 / 2);
    await measure("1,000 routes against 10, ", [many, ours], 1 / 2);
    await measure("noise, the peer against itself, ", [through, copy], 1 / 2);
    return said;
  } finally {
    await Promise.all(serving.map((one) => one.stop()));
  }
}
