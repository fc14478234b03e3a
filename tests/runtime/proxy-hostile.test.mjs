// Clients that send absurd requests to a route, or go away: in plain workerd, so that nothing
// stands in between that mends what they send.

import assert from "node:assert/strict";
import { createServer, request as send } from "node:http";
import { after, before, test } from "node:test";
import { configured, serveVedette, shop } from "../../scripts/bench/plain.mjs";
import { until } from "./lib.mjs";
import { HOST, rawly, route, through } from "./through.mjs";

let server, worker, act;
const seen = [];
const ended = [];
const echo = (request, response) => response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers }));

before(async () => {
  server = createServer((request, response) => {
    if (request.headers["vedette-vantage"]) return response.end('{"ok":true}');
    seen.push(request.url);
    response.on("close", () => ended.push(request.url));
    (act ?? echo)(request, response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  const routes = route("", { path: "/" }) + route("", { path: "/open" }) + route("", { host: "narrow.localhost", path: "/only" });
  // Nobody listens on the standby's port, so it fails.
  worker = await serveVedette(configured(shop([port, 1]) + routes));
  worker.port = Number(new URL(worker.url).port);
  await until("the pool passes", async (see) => see(await (await worker.get("/health/shop/primary")).json()).status === "pass", 30_000);
});

after(async () => {
  await worker?.stop();
  server?.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** The status of the answer to these bytes, and the rest of it. */
async function raw(lines) {
  const said = await rawly(worker.port, `${lines.join("\r\n")}\r\n\r\n`, (said) => /\r\n\r\n[\s\S]*(\}|\n|0\r\n\r\n)$/.test(said));
  return { status: Number(said.match(/^HTTP\/1\.1 (\d+)/)?.[1]), said };
}

const get = (target, host = HOST, ...further) => raw([`GET ${target} HTTP/1.1`, `Host: ${host}`, "Connection: close", ...further]);

for (const target of [
  "/open/../admin",
  "/open/%2e%2E/admin",
  "/open/.%2e/admin",
  "/open/./admin",
  "/..",
  "/open\\..\\admin",
  "/open/%2e",
]) {
  test(`${target} is refused: the next reader might take it for another path`, async () => {
    const before = seen.length;
    const { status, said } = await get(target);
    assert.equal(status, 400, said);
    assert.match(said, /application\/problem\+json/);
    assert.match(said, /shortest form/);
    assert.match(said, /proxy-status: vedette; error=http_request_error/i);
    assert.equal(seen.length, before, "nothing reached the origin");
  });
}

for (const target of [
  "/open/.well-known",
  "/open/...",
  "/open/..a",
  "/open/%252e%252e/admin",
  "/open//x",
  "/open/a%2fb",
  "/open;x=1/y",
  "/%FF%00",
]) {
  test(`${target} is passed on as it is`, async () => {
    for (let times = 0; times < 2; times += 1) {
      const { status, said } = await get(target);
      assert.equal(status, 200, said);
      assert.match(said, new RegExp(JSON.stringify(target).replace(/[.*+?^${}()|[\]\\]/g, "\\$&")));
    }
  });
}

test("a path that no route of the host has is 404, and never another host's", async () => {
  for (const target of ["/", "/onlyx", "/other"]) {
    const { status, said } = await get(target, "narrow.localhost");
    assert.equal(status, 404, said);
    assert.match(said, /No route of this host has this path/);
  }
  assert.equal((await get("/only", "narrow.localhost")).status, 200);
});

test("the host is read whatever its case, port and last dot", async () => {
  for (const host of ["SHOP.localhost", "shop.localhost:80", "shop.localhost.", "Shop.LocalHost.:8080"]) {
    const { status, said } = await get("/x", host);
    assert.equal(status, 200, said);
    assert.match(said, /"url":"\/x"/);
  }
});

test("an absurd host is nobody's, and does no harm", async () => {
  for (const host of ["", "a b", "[", "[::1", "*", "x".repeat(5000), "shop.localhost@evil", "%73hop.localhost", "\u00ff"]) {
    const { status, said } = await get("/livez", host);
    assert.ok(status >= 200 && status < 600, `${host.slice(0, 20)}: ${said.slice(0, 200)}`);
    assert.doesNotMatch(said, /"url":"\/livez"/, "it did not reach the origin");
  }
  assert.equal((await get("/x")).status, 200);
});

test("the host of the request line counts where one is given", async () => {
  // Ours is the host that the runtime reads; the origin is told the same one.
  const { said } = await raw(["GET http://evil.example/x HTTP/1.1", `Host: ${HOST}`, "Connection: close"]);
  assert.match(said, /^HTTP\/1\.1 (200|400)/);
  assert.doesNotMatch(said, /evil/);
});

test("conflicting lengths are refused or read in one way only", async () => {
  for (const further of [
    ["Content-Length: 5", "Content-Length: 6"],
    ["Content-Length: x"],
    ["Content-Length: -1"],
    ["Transfer-Encoding: chunked, gzip"],
  ]) {
    const before = seen.length;
    const said = await rawly(
      worker.port,
      [`POST /x HTTP/1.1`, `Host: ${HOST}`, "Connection: close", ...further, "", "hello1"].join("\r\n"),
    );
    assert.match(said, /^HTTP\/1\.1 (400|501) /, `${further}: ${said.slice(0, 200)}`);
    assert.equal(seen.length, before, `${further}`);
  }
  // Both: the chunks count, and what the origin gets has no length that says otherwise.
  const both = [
    "POST /x HTTP/1.1",
    `Host: ${HOST}`,
    "Connection: close",
    "Content-Length: 4",
    "Transfer-Encoding: chunked",
    "",
    "0",
    "",
    "GET /smuggled HTTP/1.1",
  ];
  const said = await rawly(worker.port, `${both.join("\r\n")}\r\n\r\n`);
  assert.match(said, /^HTTP\/1\.1 (200|400)/);
  assert.ok(!seen.includes("/smuggled"));
});

test("fields of a megabyte are refused, and the next request is well", async () => {
  const { status } = await get("/x", HOST, `X-Large: ${"a".repeat(1024 * 1024)}`);
  assert.ok(status === 431 || status === 400 || Number.isNaN(status), String(status));
  assert.equal((await get("/x")).status, 200);
});

test("an address that is too long is refused", async () => {
  const { status } = await get(`/${"a".repeat(20_000)}`);
  assert.ok([414, 431, 400].includes(status), String(status));
});

test("what holds for one connection does not reach the origin, not even what Connection names", async () => {
  const { said } = await raw([
    "GET /x HTTP/1.1",
    `Host: ${HOST}`,
    "Connection: close, X-Secret, Cookie",
    "X-Secret: 1",
    "Cookie: a=b",
    "Keep-Alive: timeout=3",
    "TE: trailers",
    "Proxy-Connection: keep-alive",
    "X-Forwarded-For: 6.6.6.6",
  ]);
  assert.match(said, /"url":"\/x"/);
  assert.doesNotMatch(said, /x-secret|cookie|keep-alive"|proxy-connection|"te"|6\.6\.6\.6/i);
});

test("Connection does not take out what is said of the client", async () => {
  const { said } = await raw([
    "GET /x HTTP/1.1",
    `Host: ${HOST}`,
    "Connection: close, X-Forwarded-Host, Via, CDN-Loop",
    "X-Forwarded-Host: evil",
  ]);
  assert.match(said, /"x-forwarded-host":"shop.localhost"/);
  assert.match(said, /"via":"1.1 vedette-/);
  assert.match(said, /"cdn-loop":"vedette-/);
});

test("a request that has come through here is a loop, and so is one that has come through many of us", async () => {
  const { said } = await get("/x");
  const [, own] = said.match(/"cdn-loop":"(vedette-[0-9a-f]{16})"/);
  for (const field of [
    `CDN-Loop: cloudflare; loops=1, ${own}`,
    `Via: 1.1 ${own}`,
    `CDN-Loop: ${"vedette-0123456789abcdef, ".repeat(8)}x`,
  ]) {
    const { status, said } = await get("/x", HOST, field);
    assert.equal(status, 508, said);
    assert.match(said, /error=proxy_loop_detected/);
  }
  const { status } = await get("/x", HOST, "CDN-Loop: cloudflare; loops=1", "Via: 1.1 elsewhere");
  assert.equal(status, 200);
});

test("a client that goes away ends the connection to the origin, before the answer and in the middle of it", async () => {
  const leaving = [
    ["/never", () => {}, "resetAndDestroy"],
    [
      "/endless",
      (response) => {
        const more = setInterval(() => response.write("more"), 20);
        response.on("close", () => clearInterval(more));
      },
      "destroy",
    ],
  ];
  for (const [path, answerWith, how] of leaving) {
    let came;
    const arrived = new Promise((resolve) => (came = resolve));
    act = (_, response) => {
      answerWith(response);
      came();
    };
    const asked = send({ host: "127.0.0.1", port: worker.port, path, headers: { host: HOST } }, (answer) =>
      answer.on("error", () => {}).resume(),
    );
    asked.on("error", () => {});
    asked.end();
    await arrived;
    asked.socket[how]();
    await until(`${path} has ended at the origin`, () => ended.includes(path));
  }
  act = undefined;
});

test("a body that ends too early is an error of the client's, and reaches nobody as a whole", async () => {
  let got = "";
  act = (request, response) => {
    request.on("data", (part) => (got += part));
    request.on("end", () => response.end("whole"));
    request.on("error", () => {});
  };
  const said = await rawly(worker.port, `POST /x HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 100\r\n\r\nhalf`, () => false).catch(
    () => "",
  );
  assert.doesNotMatch(said, /whole/);
  act = undefined;
  assert.equal((await through(worker, "/x")).status, 200);
  assert.ok(got.length <= 4, got);
});
