// Copies of answers that stand in when no origin answers: only what was whole, as it was, and only
// as long as it may be given.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { pool } from "../../scripts/bench/plain.mjs";
import { startWorker, until } from "./lib.mjs";
import { route, through } from "./through.mjs";

let server,
  worker,
  isDown = false;
const pages = new Map();

before(async () => {
  server = createServer((request, response) => {
    if (request.headers["vedette-vantage"]) return response.end('{"ok":true}');
    if (isDown) return request.socket.destroy();
    return pages.get(request.url)(request, response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `\n  [[pool.origin]]\n  name = "primary"\n  url = "http://127.0.0.1:${server.address().port}"\n`;
  // The Cache API is there only in wrangler's worker.
  worker = await startWorker(pool({ vantages: ["weur"] }) + origin + route('stale_if_error = "1h"\ntimeout = "2s"'));
  await until("the pool passes", async (see) => see(await worker.text("/health/shop?format=text")) === "pass\n", 60_000);
});

after(async () => {
  await worker?.stop();
  server?.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const page = (path, fields, body) =>
  pages.set(path, (_, response) =>
    response.writeHead(200, { "content-type": "text/html", "content-length": Buffer.byteLength(body), ...fields }).end(body),
  );

/** What is answered in the outage. */
async function inOutage(path, options) {
  isDown = true;
  try {
    return await through(worker, path, options);
  } finally {
    isDown = false;
  }
}

/** Asks once, and then in the outage until there is a copy. */
async function copyOf(path, options = {}) {
  assert.equal((await through(worker, path, options)).status, 200);
  return until(`a copy of ${path}`, async (see) => {
    const answer = see(await inOutage(path, options));
    return answer.status === 200 && answer;
  });
}

test("a torn answer does not become the copy, and the next whole one does at once", async () => {
  pages.set("/torn", (request, response) => {
    response.writeHead(200, { "content-type": "text/html", "content-length": 1000 });
    response.write("b".repeat(400), () => request.socket.destroy());
  });
  for (let times = 0; times < 3; times += 1) {
    const torn = await through(worker, "/torn");
    assert.ok(torn.error || torn.status >= 400, JSON.stringify(torn));
    assert.notEqual((await inOutage("/torn")).status, 200);
  }
  // By the time that a later one is kept, the torn one would have been.
  page("/after", {}, "after");
  await copyOf("/after");
  assert.notEqual((await inOutage("/torn")).status, 200);
  page("/torn", {}, "g".repeat(1000));
  assert.equal((await copyOf("/torn")).text, "g".repeat(1000));
});

test("copies keep to s-maxage", async () => {
  page("/shared", { "cache-control": "max-age=60, s-maxage=2" }, "shared");
  assert.equal((await copyOf("/shared")).text, "shared");
  await until("it is too old", async (see) => see(await inOutage("/shared")).status !== 200);
});

for (const [coding, pack] of [
  ["gzip", gzipSync],
  ["br", brotliCompressSync],
]) {
  test(`a copy in ${coding} is given as it was`, async () => {
    const packed = pack(Buffer.from("many many many many words"));
    const asked = { headers: { "accept-encoding": coding } };
    page(`/${coding}`, { "content-encoding": coding, etag: '"strong"', vary: "Accept-Encoding" }, packed);
    const first = await through(worker, `/${coding}`, asked);
    assert.deepEqual([first.headers["content-encoding"], first.body], [coding, packed]);
    const copy = await copyOf(`/${coding}`, asked);
    assert.deepEqual([copy.headers["content-encoding"], copy.headers.vary, copy.headers.etag], [coding, "Accept-Encoding", '"strong"']);
    assert.deepEqual(copy.body, packed);
  });
}

test("HEAD gets the header of the copy that GET gets", async () => {
  page("/head", { "cache-control": "max-age=5", vary: "accept-encoding", "x-own": "1" }, "hello");
  const copy = await copyOf("/head");
  const head = await inOutage("/head", { method: "HEAD" });
  assert.deepEqual([head.status, head.text], [200, ""]);
  for (const name of ["cache-control", "content-type", "vary", "x-own"]) assert.equal(head.headers[name], copy.headers[name], name);
  assert.equal(head.headers["content-length"], "5");
});

test("what must not be kept is not, and what a CDN is told counts before what everybody is", async () => {
  const cases = {
    "/plain": [{}, true],
    "/no-store-asked": [{}, false, { headers: { "cache-control": "no-store" } }],
    "/cdn-no-store": [{ "cache-control": "public, max-age=60", "cdn-cache-control": "no-store" }, false],
    "/cdn-yes": [{ "cache-control": "no-store", "cdn-cache-control": "max-age=60" }, true],
    "/cloudflare-no-store": [{ "cdn-cache-control": "max-age=60", "cloudflare-cdn-cache-control": "no-store" }, false],
    "/shared-zero": [{ "cache-control": "max-age=600, s-maxage=0" }, false],
    "/shared-old": [{ "cache-control": "s-maxage=60", age: "60" }, false],
  };
  for (const [path, [fields, , options]] of Object.entries(cases)) {
    page(path, fields, "hello");
    assert.equal((await through(worker, path, options)).status, 200);
  }
  // What is kept is there once the last of them is.
  page("/last", {}, "last");
  await copyOf("/last");
  for (const [path, [fields, kept]] of Object.entries(cases)) {
    const answer = await inOutage(path);
    assert.equal(answer.status === 200, kept, `${path}: ${answer.status}`);
    for (const [name, value] of kept ? Object.entries(fields) : []) assert.equal(answer.headers[name], value, `${path} ${name}`);
  }
});
