// Proxied GETs: our worker against a JavaScript worker that does `return fetch(request)`, to the
// same origin, in plain workerd, in short rounds that alternate; then what single features cost.

import { freePort } from "../lib/ports.mjs";
import { careful } from "./careful.mjs";
import { loop, wrk } from "./load.mjs";
import { configured, originProcess, serve, serveVedette, shop, until } from "./plain.mjs";
import { prices } from "./prices.mjs";
import { compare, even, lines } from "./rounds.mjs";

export const HOST = "shop.localhost";

/** The peer: what a worker on a route does if it does nothing. */
const passThrough = "export default { fetch: (request) => fetch(request) };";

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
    for (const one of [ours, many, through, copy, same]) await load(one.url + path, seconds * 2, { host: HOST });
    const said = [];
    const measure = async (name, pair, share) =>
      said.push(...lines(`proxy ${name}`, await compare("proxy", load, pair, path, { rounds: even(rounds * share), seconds, host: HOST })));
    await measure("", [ours, through], 1);
    await measure("against the careful peer, ", [ours, same], 1 / 2);
    await measure("1,000 routes against 10, ", [many, ours], 1 / 2);
    await measure("noise, the peer against itself, ", [through, copy], 1 / 2);
    said.push(...(await prices({ add, load, ours, ports, path, rounds: even(rounds / 2), seconds, host: HOST })));
    return said;
  } finally {
    await Promise.all(serving.map((one) => one.stop()));
  }
}
