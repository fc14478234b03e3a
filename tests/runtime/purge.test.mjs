// Copies that somebody clears: our own in an outage, and a CDN's by a double of its API.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pool } from "../../scripts/bench/plain.mjs";
import { vedette } from "../../scripts/lib/worker.mjs";
import { finished, origin, person, root, startWorker, until } from "./lib.mjs";
import { HOST, route, through } from "./through.mjs";

const folder = mkdtempSync(join(tmpdir(), "vedette-purge-"));
const [reader, writer] = ["rita", "ada"].map(person);
const [ZONE, CDN_TOKEN] = ["023e105f4ecef8ad9ca31a8372d0c353", `cdn-${randomBytes(16).toString("hex")}`];
const CLEARED = [200, { success: true, errors: [], result: { id: ZONE } }];

/** What the CDN was asked, and what it answers: always the same, or one after the other. */
const asked = [];
let answers = [CLEARED];
let site, cdn, worker;
let isDown = false;

before(async () => {
  site = await origin((request, response) => {
    if (request.headers["vedette-vantage"]) return response.end('{"ok":true}');
    if (isDown) return request.socket.destroy();
    const body = `this is ${request.url}`;
    response.writeHead(200, { "content-type": "text/plain", "content-length": body.length }).end(body);
  });
  cdn = await origin(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    asked.push({ method: request.method, url: request.url, authorization: request.headers.authorization, body: JSON.parse(body) });
    const [status, document, fields = {}] = answers.length > 1 ? answers.shift() : answers[0];
    response.writeHead(status, { "content-type": "application/json", ...fields }).end(JSON.stringify(document));
  });
  const file = join(folder, "secrets");
  writeFileSync(file, `READ=${reader.entry}\nADMIN=${writer.entry}\nPURGE=${CDN_TOKEN}\n`);
  worker = await startWorker(
    pool({ vantages: ["weur"] }) +
      `\n  [[pool.origin]]\n  name = "primary"\n  url = "http://127.0.0.1:${site.port}"\n` +
      route('stale_if_error = "1h"\ntimeout = "2s"') +
      '[access]\nread_tokens = "READ"\nadmin_tokens = "ADMIN"\n' +
      `[purge]\nzone = "${ZONE}"\ntoken = "PURGE"\napi = "http://127.0.0.1:${cdn.port}/client/v4"\n`,
    { env: { VEDETTE_SECRETS: file } },
  );
  await until("the pool passes", async (see) => see(await worker.text("/health/shop?format=text")) === "pass\n", 60_000);
});
after(async () => {
  await worker?.stop();
  await Promise.all([site, cdn].map((one) => one?.stop()));
  rmSync(folder, { recursive: true, force: true });
});

const as = ({ token }) => ({ authorization: `Bearer ${token}` });
const purge = (body, fields = {}, who = writer) =>
  worker.get("/v1/purge", {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: { ...as(who), "content-type": "application/json", ...fields },
  });
const read = async (path) => (await worker.get(path, { headers: as(writer) })).json();
const address = (path) => `http://${HOST}${path}`;

/** What is answered in the outage. */
async function inOutage(path) {
  isDown = true;
  try {
    return await through(worker, path);
  } finally {
    isDown = false;
  }
}

/** Asks, and then in the outage, until there is a copy. */
const kept = (path) =>
  until(`a copy of ${path}`, async (see) => {
    assert.equal((await through(worker, path)).status, 200);
    return see(await inOutage(path)).status === 200;
  });

/** Waits, in an outage without an end to it, until none of these has a copy. */
async function areGone(...paths) {
  isDown = true;
  try {
    for (const path of paths) await until(`${path} has no copy`, async (see) => see(await through(worker, path)).status !== 200);
  } finally {
    isDown = false;
  }
}

test("an address that is cleared has no copy any more, and the others stand in", async () => {
  for (const path of ["/a", "/b?x=1", "/c"]) await kept(path);
  const answered = await purge({ urls: [address("/a"), address("/b?x=1")] });
  assert.equal(answered.status, 200, await answered.clone().text());
  const told = await answered.json();
  assert.deepEqual([told.who, told.urls, told.cdn], ["ada", [address("/a"), address("/b?x=1")], "cleared"]);
  await areGone("/a", "/b?x=1");
  assert.equal((await inOutage("/c")).text, "this is /c");
  // What clears is remembered, and so it is after a start.
  await worker.restart();
  await until("the pool passes", async (see) => see(await worker.text("/health/shop?format=text")) === "pass\n", 60_000);
  await areGone("/a");
  assert.equal((await inOutage("/c")).text, "this is /c");
  await kept("/a");
});

test("a pool that is cleared has no copies at all, and the CDN is not asked for it", async () => {
  await kept("/d");
  asked.length = 0;
  assert.equal((await (await purge({ pools: ["shop"] })).json()).cdn, null);
  await areGone("/a", "/c", "/d");
  assert.deepEqual(asked, []);
});

test("the CDN is asked for addresses and for tags, and its word stands in the audit log", async () => {
  asked.length = 0;
  assert.equal((await purge({ urls: [address("/a")], tags: ["index", "v2"] })).status, 200);
  const [method, url, authorization] = ["POST", `/client/v4/zones/${ZONE}/purge_cache`, `Bearer ${CDN_TOKEN}`];
  assert.deepEqual(asked, [
    { method, url, authorization, body: { files: [address("/a")] } },
    { method, url, authorization, body: { tags: ["index", "v2"] } },
  ]);
  const [entry] = await read("/v1/audit");
  assert.deepEqual([entry.who, entry.what], ["ada", "purge of 1 address and 2 tags"]);
  assert.deepEqual([entry.purge.tags, entry.purge.cdn], [["index", "v2"], "cleared"]);
});

test("a CDN that does not clear is said, in no words of its own, and asked again under another key", async () => {
  const once = { "idempotency-key": "one" };
  for (const [said, what] of [
    [
      [403, { success: false, errors: [{ code: 10000, message: `not with ${CDN_TOKEN}` }] }],
      /status 403 with the code 10000; its token needs/,
    ],
    [[429, {}, { "retry-after": "7" }], /status 429; try again in 7 s/],
    [[200, { success: false }], /status 200/],
  ]) {
    answers = [said];
    const refused = await purge({ tags: ["t"] }, what.source.includes("403") ? once : {});
    assert.equal(refused.status, 502);
    const problem = await refused.json();
    assert.match(problem.detail, what);
    assert.match(problem.detail, /Our own copies count no longer/);
  }
  answers = [CLEARED];
  asked.length = 0;
  assert.equal((await purge({ tags: ["t"] }, once)).status, 502, "what is sent again is answered as the first time");
  assert.deepEqual(asked, []);
  assert.equal((await purge({ tags: ["t"] }, { "idempotency-key": "two" })).status, 200);
  assert.equal(asked.length, 1);
  assert.equal((await purge({ tags: ["u"] }, { "idempotency-key": "two" })).status, 422, "the key of another purge");
  // Of two requests the second fails: what is cleared already is not said to be nothing.
  answers = [CLEARED, [500, {}]];
  const half = await purge({ urls: [address("/a")], tags: ["t"] });
  assert.equal(half.status, 502);
  assert.match((await half.json()).detail, /Not all of the CDN's copies are cleared: status 500/);
  answers = [CLEARED];
});

test("whatever is no purge is refused with what to write, and clears nothing", async () => {
  await kept("/e");
  const before = (await read("/v1/audit")).length;
  for (const [body, status, what] of [
    ["", 422, /Send \{"urls"/],
    ["[]", 422, /Send \{"urls"/],
    ["{}", 422, /Send \{"urls"/],
    [{ urls: [address("/e")], everything: true }, 422, /Send \{"urls"/],
    [{ urls: ["/e"] }, 422, /urls\[0\] is no address/],
    [{ urls: Array.from({ length: 31 }, () => address("/e")) }, 422, /at most 30/],
    [{ tags: ["a,b"] }, 422, /tags\[0\] is no tag/],
    [{ pools: ["absent"] }, 422, /pools\[0\] is no pool/],
    [{ urls: [address("/e")], change: "change-1" }, 404, /no change of this id/],
    ["x".repeat(100_000), 413, /At most 32768 bytes/],
  ]) {
    const refused = await purge(body);
    assert.equal(refused.status, status, JSON.stringify(body).slice(0, 60));
    assert.match((await refused.json()).detail, what);
  }
  assert.equal((await purge({ urls: [address("/e")] }, {}, reader)).status, 403);
  assert.equal((await worker.get("/v1/purge")).status, 405);
  assert.equal((await read("/v1/audit")).length, before);
  assert.equal((await inOutage("/e")).text, "this is /e");
});

test("from a terminal it is recorded with the change that it belongs to", async () => {
  const env = { ...process.env, VEDETTE_URL: worker.url, VEDETTE_TOKEN: writer.token };
  const run = (...args) => finished(...vedette(...args), { cwd: root, env });
  const started = await until("there are samples of before", async (see) => {
    const one = await run(
      "change",
      "start",
      "--title",
      "new prices",
      "--owner",
      "Ada",
      "--rollback",
      "old prices",
      "--origin",
      "shop/primary",
    );
    return see(one).code === 0 && one;
  });
  const id = started.said.trim();
  const cleared = await run("purge", "--url", address("/e"), "--tag", "prices", "--change", id);
  assert.equal(cleared.code, 0, cleared.said);
  assert.match(cleared.said, /^Cleared our own copies and the CDN's: what was kept until \S+Z counts no longer\.$/m);
  const [recorded, more] = (await read(`/v1/changes/${id}`)).purges;
  assert.deepEqual([recorded.urls, recorded.tags, recorded.cdn, more], [[address("/e")], ["prices"], "cleared", undefined]);
  assert.match((await run("change", "show", id)).said, /purge of 1 address and 1 tag at \S+, by ada, at the CDN too/);
  answers = [[403, {}]];
  const failed = await run("purge", "--tag", "prices", "--change", id, "--json");
  assert.equal(failed.code, 1);
  assert.match(failed.said, /Not all of the CDN's copies are cleared: status 403/);
  answers = [CLEARED];
  assert.deepEqual(
    (await read(`/v1/changes/${id}`)).purges.map(({ cdn }) => cdn),
    ["cleared", "failed"],
  );
  const page = await (await worker.get(`/change/${id}`, { headers: as(reader) })).text();
  assert.match(page, /purge of 1 tag, <time.*; the CDN did not clear all of it: status 403/);
  assert.equal((await run("change", "close", id, "--fate", "kept")).code, 0);
  const late = await run("purge", "--tag", "prices", "--change", id);
  assert.equal(late.code, 1);
  assert.match(late.said, /It is closed/);
  assert.equal((await run("purge")).code, 2);
});

test("nothing shows the token of the CDN", async () => {
  const shown = [worker.said(), JSON.stringify(await read("/v1/audit")), JSON.stringify(await read("/v1/changes"))];
  assert.match(shown[0], /cdn_not_cleared/, "the log is that of the failures");
  for (const text of shown) assert.ok(!text.includes(CDN_TOKEN));
});
