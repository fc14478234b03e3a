// Proxied GETs: our worker against a JavaScript worker that does `return fetch(request)`, to the
// same origin, in plain workerd, in short rounds that alternate.

import { freePort } from "../lib/ports.mjs";
import { loop, wrk } from "./load.mjs";
import { configured, originProcess, serve, serveVedette, shop, until } from "./plain.mjs";
import { compare, even, lines } from "./rounds.mjs";

export const HOST = "shop.localhost";

/** The peer: what a worker on a route does if it does nothing. */
const passThrough = "export default { fetch: (request) => fetch(request) };";

/**
 * The careful peer: a worker that does by hand what a proxy has to do, for one fixed origin. It
 * sets the fields that say who asks and where the request has been. It sets a deadline for the
 * response headers, and says how the answer came. It decides nothing, and tries nothing again.
 */
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
export const routes = (count) =>
  `\n[[route]]\nhost = "${HOST}"\npool = "shop"\n` +
  Array.from(
    { length: count - 1 },
    (_, at) => `\n[[route]]\nhost = "${at % 2 ? HOST : `shop-${at}.localhost`}"\npath = "/section-${at}"\npool = "shop"\n`,
  ).join("");

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
    const peer = (name) => add(name, serve({ entry: "peer.mjs", texts: { "peer.mjs": passThrough }, outbound: `127.0.0.1:${ports[0]}` }));
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
      said.push(...lines(`proxy ${name}`, await compare("proxy", load, pair, path, { rounds: even(rounds * share), seconds, host: HOST })));
    await measure("", [ours, through], 1);
    await measure("against the careful peer, ", [ours, same], 1 / 2);
    await measure("1,000 routes against 10, ", [many, ours], 1 / 2);
    await measure("noise, the peer against itself, ", [through, copy], 1 / 2);
    return said;
  } finally {
    await Promise.all(serving.map((one) => one.stop()));
  }
}
