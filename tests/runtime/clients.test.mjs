// Clients that ask for what is not there, or ask absurdly.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { answers, config, origin, startWorker, until } from "./lib.mjs";

let primary, worker;

before(async () => {
  primary = await origin(answers.ok);
  worker = await startWorker(config({ shop: { primary: primary.port } }));
  await until("the pool passes", async (see) => see(await worker.json("/health/shop")).status === "pass");
});

after(async () => {
  await worker?.stop();
  await primary?.stop();
});

/** Sends bytes as they are and reads until the connection closes or falls silent. */
function raw(bytes) {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(worker.port, "127.0.0.1", () => socket.write(bytes));
    socket.setTimeout(3000, () => socket.destroy());
    socket.on("data", (chunk) => {
      answer += chunk;
      socket.setTimeout(300);
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
  });
}

const lives = async () => assert.equal((await worker.get("/livez")).status, 200);

for (const [path, status] of [
  ["/health/nope", 404],
  ["/health/shop/nope", 404],
  ["/health/shop%2Fprimary", 404],
  ["/health/shop%00", 404],
  ["/route/nope", 404],
  ["/nope", 404],
  ["/health/shop%2F..%2Flivez", 404],
  ["/health?format=xml", 400],
  ["/health?format=%00", 400],
]) {
  test(`${path} is ${status} as problem+json`, async () => {
    const answer = await worker.get(path);
    assert.equal(answer.status, status);
    assert.equal(answer.headers.get("content-type"), "application/problem+json");
    const problem = await answer.json();
    assert.equal(problem.status, status);
    assert.ok(problem.title && problem.detail);
  });
}

test("16 KB of address are refused and harm nothing", async () => {
  const answer = await worker.get(`/health/${"x".repeat(17_000)}`);
  assert.ok([404, 414, 431].includes(answer.status), String(answer.status));
  await lives();
});

for (const method of ["POST", "PUT", "DELETE"]) {
  test(`${method} is 405 with the methods that are allowed`, async () => {
    const answer = await worker.get("/health", { method });
    assert.deepEqual([answer.status, answer.headers.get("allow")], [405, "GET, HEAD"]);
    assert.equal(answer.headers.get("content-type"), "application/problem+json");
    const problem = await answer.json();
    assert.equal(problem.status, 405);
    assert.ok(problem.title && problem.detail);
  });
}

test("a body on GET and absurd bytes harm nothing", async () => {
  const request = "GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
  assert.match(await raw(request), /^HTTP\/1\.1 200/);
  for (const bytes of ["\x00\x01\x02\r\n\r\n", "GET\r\n\r\n", `GET / HTTP/1.1\r\n${"a: b\r\n".repeat(3000)}\r\n`]) await raw(bytes);
  await lives();
});

test("conditional requests", async () => {
  const signal = await worker.get("/route/shop");
  const etag = signal.headers.get("etag");
  assert.match(etag, /^W\/"shop-\d+"$/);
  const same = await worker.get("/route/shop", { headers: { "if-none-match": etag } });
  assert.deepEqual([same.status, await same.text()], [304, ""]);
  const absurd = await worker.get("/route/shop", { headers: { "if-none-match": '"x",'.repeat(2000) } });
  assert.equal(absurd.status, 200);
});

for (const path of ["/", "/health", "/health/shop", "/route/shop", "/livez", "/readyz", "/nope"]) {
  test(`HEAD of ${path} is GET without the body`, async () => {
    // What changes with the moment, or belongs to the connection, is not compared.
    const moving = [
      "age",
      "vedette-evidence-age",
      "cache-control",
      "cache-status",
      "date",
      "etag",
      "content-length",
      "transfer-encoding",
      "connection",
    ];
    const fixed = ({ headers }) => Object.fromEntries([...headers].filter(([name]) => !moving.includes(name)));
    const [get, head] = [await worker.get(path), await worker.get(path, { method: "HEAD" })];
    assert.equal(head.status, get.status);
    assert.deepEqual(fixed(head), fixed(get));
    for (const name of ["age", "vedette-evidence-age", "cache-control", "cache-status", "etag"])
      assert.equal(head.headers.has(name), get.headers.has(name), name);
    assert.equal(await head.text(), "");
    await get.text();
  });
}

test("probes of Kubernetes are answered in its style", async () => {
  assert.deepEqual([await worker.text("/livez"), (await worker.get("/readyz")).status], ["ok\n", 200]);
  assert.match(await worker.text("/readyz?verbose"), /^\[\+\]/m);
});

test("every answer has its age and the security headers", async () => {
  for (const path of ["/", "/health", "/health/shop", "/route/shop"]) {
    const { headers } = await worker.get(path);
    assert.match(headers.get("age"), /^\d+$/, path);
    assert.match(headers.get("vedette-evidence-age"), /^\d+$/, path);
    assert.equal(headers.get("cache-control"), `max-age=${Number(headers.get("age")) + 1}`);
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.match(headers.get("content-security-policy"), /default-src 'none'/);
    assert.match(headers.get("cache-status"), /^vedette; /);
  }
});

test("every kind of answer has the headers that keep browsers from guessing", async () => {
  const asks = [
    ["/livez"],
    ["/readyz"],
    ["/readyz?verbose"],
    ["/style.css"],
    ["/page.js"],
    ["/nope"],
    ["/health/nope"],
    ["/health?format=xml"],
    ["/health?format=text"],
    ["/route/shop?format=text"],
    ["/route/shop?format=redirect"],
    ["/health", { method: "POST" }],
    ["/route/shop", { headers: { "if-none-match": (await worker.get("/route/shop")).headers.get("etag") } }],
  ];
  for (const [path, init] of asks) {
    const { status, headers } = await worker.get(path, init);
    const what = `${init?.method ?? "GET"} ${path} (${status})`;
    assert.equal(headers.get("x-content-type-options"), "nosniff", what);
    assert.match(headers.get("content-security-policy") ?? "", /default-src 'none'/, what);
  }
});
