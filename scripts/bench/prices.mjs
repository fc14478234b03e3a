// What single features of the proxy cost: the same requests with one of them and without, in short
// rounds that alternate.

import { createServer } from "node:http";
import { careful } from "./careful.mjs";
import { configured, serve, serveVedette, shop, until } from "./plain.mjs";
import { compare, even, lines } from "./rounds.mjs";

/** A trace that a client has begun (the example of W3C Trace Context, section 3.2). */
const TRACE = { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", tracestate: "congo=t61rcWkgMzE" };

/** A cache as the runtime asks it: it takes every copy and never has one. */
async function cacheServer() {
  const server = createServer((request, response) => {
    const taken = request.method === "PUT";
    request.resume().on("end", () => response.writeHead(taken ? 204 : 504, { "cf-cache-status": "MISS" }).end());
  });
  server.keepAliveTimeout = 60_000;
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { address: `127.0.0.1:${server.address().port}`, stop };
}

const passes = async (worker) => (await (await worker.get("/route/shop")).json()).status === "pass";

/** Two of our workers on one route, of which the first keeps copies. */
async function keepers({ add, ports, host }) {
  const { address } = await add("a cache", cacheServer());
  const route = `${shop(ports, { timeout: "1s" })}\n[[route]]\nhost = "${host}"\npool = "shop"\n`;
  const vedette = (name, more) => add(name, serveVedette(configured(route + more), { cache: address }));
  const both = [await vedette("ours with stale_if_error", 'stale_if_error = "1h"\n'), await vedette("ours without", "")];
  for (const one of both) await until(`${one.name} has a verdict`, () => passes(one));
  return both;
}

/**
 * The ratios of requests with a feature to those without: a trace passed on, and copies kept, by
 * our worker `ours` and its like; a trace begun, by a worker that does it by hand. `add` starts and
 * names what is served, and sees to its end.
 */
export async function prices({ add, load, ours, ports, path, rounds, seconds, host }) {
  const peer = (name, options) =>
    add(name, serve({ entry: "peer.mjs", texts: { "peer.mjs": careful(`http://127.0.0.1:${ports[0]}`, options) } }));
  const begun = [await peer("a careful peer that begins traces", { begins: true }), await peer("a careful peer that does not")];
  const kept = await keepers({ add, ports, host });
  for (const one of [...begun, ...kept]) await load(one.url + path, seconds * 2, { host });
  const said = [];
  const measure = async (name, pair, fresh = false) => {
    const ratios = await compare("proxy", load, pair, path, { rounds: even(rounds), seconds, host, fresh });
    said.push(...lines(`proxy ${name}, `, ratios));
  };
  await measure("a trace passed on against none", [{ ...ours, name: "ours, with a trace", headers: TRACE }, ours]);
  await measure("a trace begun by hand against none", begun);
  await measure("copies kept, of one address", kept);
  await measure("copies kept, of an address for each request", kept, true);
  return said;
}
