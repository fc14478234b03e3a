// Where a request is let through to when the wasm worker cannot be asked: the same origin, by the
// same reading of its address.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { firstOrigin, letThrough, tableOf } from "../../open.mjs";
import { configured } from "../../scripts/bench/plain.mjs";
import { origin } from "./lib.mjs";

const HOST = "shop.example.org";
const POOLS = `
[[pool]]
name = "shop"
[[pool.origin]]
name = "b"
url = "https://b.example.net"
priority = 1
[[pool.origin]]
name = "a"
url = "http://a.example.net:8000/two"
`;
const routed = (path, strip) => `\n[[route]]\nhost = "${HOST}"\npool = "shop"\npath = "${path}"\nstrip_prefix = ${strip}\n`;

let table;
before(() => (table = tableOf(configured(POOLS + routed("/", false) + routed("/only/this", true)))));

const to = (target, host = HOST) => firstOrigin(table, `https://${host}${target}`)?.url;

test("the host and the longest prefix decide, as they do in the core", () => {
  for (const [target, wanted] of [
    ["/x?q=%2e", "/two/x?q=%2e"],
    ["/only/this/x%2fy?q", "/two/x%2fy?q"],
    ["/only/this", "/two/"],
    ["/only/thisx", "/two/only/thisx"],
    ["/%6fnly/%74his/x", "/two/x"],
    ["/%6Fnly", "/two/%6Fnly"],
  ])
    assert.equal(to(target), `http://a.example.net:8000${wanted}`, target);
});

test("what is Vedette's own, of no route, or would leave its route is not let through", () => {
  for (const target of ["/.vedette/health", "/%2evedette/health", "/%2Evedette", "/only/this/..%2f..%2fadmin", "/..%252fadmin"])
    assert.equal(to(target), undefined, target);
  assert.equal(to("/x", "other.example.org"), undefined);
});

test("what a client writes of who it is is not handed on", async () => {
  let seen;
  const application = await origin((request, response) => ((seen = request.headers), response.end("ok")));
  after(() => application.stop());
  const send = (headers) =>
    letThrough(table, { url: `http://127.0.0.1:${application.port}/` }, new Request(`https://${HOST}/`, { headers }));
  await send({ "cf-connecting-ip": "6.6.6.6, 7.7.7.7", "x-forwarded-for": "6.6.6.6", x_forwarded_for: "6.6.6.6" });
  assert.equal(seen["x-forwarded-for"], undefined);
  assert.equal(seen.x_forwarded_for, undefined);
  await send({ "cf-connecting-ip": "2001:db8::1" });
  assert.equal(seen["x-forwarded-for"], "2001:db8::1");
});
