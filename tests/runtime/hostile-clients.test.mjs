// Clients that send absurd bytes, ask for what nobody has, never read, or never finish: each gets a clean answer or none, and everybody
// else is served.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { answers, config, descendants, origin, startWorker, until } from "./lib.mjs";

let primary, worker;

before(async () => {
  primary = await origin(answers.ok);
  worker = await startWorker(config({ shop: { primary: primary.port } }), { build: ".vedette/build-trap" });
  await until("the pool passes", async (see) => see(await worker.json("/health/shop")).status === "pass");
});

after(async () => {
  await worker?.stop();
  await primary?.stop();
});

/** Sends bytes as they are; what came back until the connection closed or fell silent. */
function raw(bytes, { silentMs = 400 } = {}) {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(worker.port, "127.0.0.1", () => socket.write(bytes));
    socket.setTimeout(5000, () => socket.destroy());
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
      socket.setTimeout(silentMs);
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
  });
}

/** The status codes of the answers in a stream of bytes. */
const statuses = (answer) => [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));

/** It still lives, and its verdicts still stand. */
async function stands() {
  assert.equal((await worker.get("/livez")).status, 200);
  await until("the verdict stands", async (see) => see(await worker.text("/health/shop?format=text")) === "pass\n");
}

const get = (target, ...fields) => `GET ${target} HTTP/1.1\r\n${["Host: x", ...fields].join("\r\n")}\r\nConnection: close\r\n\r\n`;
const mark = "reflect-me";

/** Name, bytes, and the status codes that may answer it; `none` if the runtime may close without a word. A 500 is the runtime's own:
 *  such a request never comes to the worker. */
const absurd = [
  ["nothing but an end of line", "\r\n\r\n", ["none", 400]],
  ["a line that is no request", "hello\r\n\r\n", ["none", 400]],
  ["control characters", "\x00\x01\x02\x03\r\n\r\n", ["none", 400]],
  ["a TLS greeting", "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03", ["none", 400]],
  ["HTTP/2 without being asked", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ["none", 400, 404, 405, 501, 505]],
  ["HTTP/0.9", "GET /health\r\n\r\n", ["none", 400]],
  ["a version that does not exist", "GET /health HTTP/9.9\r\nHost: x\r\nConnection: close\r\n\r\n", ["none", 200, 400, 505]],
  ["a method that does not exist", `${mark.toUpperCase()} /health HTTP/1.1\r\nHost: x\r\n\r\n`, ["none", 400, 405, 501]],
  ["PROPFIND", "PROPFIND /health HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", [400, 405, 501]],
  ["TRACE", "TRACE /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", ["none", 400, 405, 501]],
  ["CONNECT", "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", ["none", 400, 404, 405, 500, 501]],
  ["OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", ["none", 400, 404, 405, 500]],
  ["an absolute target", get("http://elsewhere.example/health"), ["none", 200, 400, 404]],
  ["no Host", "GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n", ["none", 200, 400]],
  ["two Hosts", get("/livez", "Host: y"), ["none", 200, 400, 500]],
  ["an absurd Host", "GET /livez HTTP/1.1\r\nHost: \"><script>\r\nConnection: close\r\n\r\n", ["none", 200, 400, 500]],
  ["two lengths", get("/livez", "Content-Length: 1", "Content-Length: 2"), ["none", 200, 400]],
  ["a length and chunks", get("/livez", "Content-Length: 1", "Transfer-Encoding: chunked") + "0\r\n\r\n", ["none", 200, 400]],
  ["a length below nothing", get("/livez", "Content-Length: -1"), ["none", 200, 400]],
  ["chunks that are none", get("/livez", "Transfer-Encoding: chunked") + "zz\r\nhello\r\n", ["none", 200, 400]],
  ["a header of 1 MB", get("/livez", `X-Long: ${"a".repeat(1_000_000)}`), ["none", 200, 400, 413, 431]],
  ["10,000 headers", get("/livez", ...Array.from({ length: 10_000 }, (_, index) => `X-${index}: 1`)), ["none", 200, 400, 431]],
  ["a header without a colon", get("/livez", "no colon here"), ["none", 200, 400]],
  ["a NUL in the path", get(`/health/${mark}\x00`), ["none", 400, 404]],
  ["bytes that are no UTF-8 in the path", get(`/health/\xff\xfe${mark}`), ["none", 400, 404]],
  ["bytes that are no UTF-8 in the query", get(`/health?\xff\xfe=${mark}`), ["none", 200, 400]],
  ["a path of 17 KB", get(`/health/${mark.repeat(1700)}`), ["none", 400, 404, 414, 431]],
  ["a path of 1 MB", get(`/${"a".repeat(1_000_000)}`), ["none", 400, 404, 414, 431]],
  ["5,000 parameters", get(`/health?${Array.from({ length: 3000 }, (_, index) => `a${index}`).join("&")}`), ["none", 200, 400, 414, 431]],
  ["two slashes", get("//health"), [404]],
  ["a dot", get("/./nope"), [404]],
  ["dots out of the root", get(`/../../../../etc/${mark}`), [404]],
  ["dots in the middle", get("/health/shop/../nope"), [404]],
  ["dots that are escaped", get("/health/shop%2f..%2f..%2flivez"), [404]],
  ["escapes that are escaped", get(`/health/%2570${mark}`), [404]],
  ["an escape that is none", get(`/health/%zz${mark}`), [404]],
  ["letters of another alphabet", get(`/health/%D0%BC%D0%B0%D0%B3%D0%B0%D0%B7%D0%B8%D0%BD${mark}`), [404]],
  ["a script in the path", get(`/<script>${mark}</script>`), ["none", 400, 404]],
  ["a script in the query", get(`/health?format=<script>${mark}</script>`), [400]],
];

for (const [name, bytes, allowed] of absurd) {
  test(`${name}: ${allowed.join(" or ")}`, async () => {
    const answer = await raw(Buffer.from(bytes, "latin1"));
    const found = statuses(answer);
    if (found.length === 0) assert.ok(allowed.includes("none"), `closed without a word`);
    for (const status of found) assert.ok(allowed.includes(status), `${status}: ${answer.slice(0, 300)}`);
    assert.ok(!answer.includes(mark), "nothing of a request is repeated");
    await stands();
  });
}

test("a megabyte of body to every path is refused or left unread", async () => {
  const body = "x".repeat(1_000_000);
  for (const path of ["/", "/health", "/health/shop", "/route/shop", "/livez", "/readyz", "/style.css", "/page.js"]) {
    const answer = await worker.get(path, { method: "POST", body });
    assert.equal(answer.status, 405, path);
    await answer.text();
  }
  assert.equal((await worker.get("/nope", { method: "POST", body })).status, 404);
  await stands();
});

test("requests in one breath are answered in their order", async () => {
  const one = (target, last) => `GET ${target} HTTP/1.1\r\nHost: x\r\n${last ? "Connection: close\r\n" : ""}\r\n`;
  const answer = await raw(one("/livez") + one("/nope") + one("/health/shop") + one("/livez", true));
  assert.deepEqual(statuses(answer), [200, 404, 200, 200]);
});

test("a client that never finishes its request keeps nobody waiting", async () => {
  const sockets = Array.from({ length: 50 }, () => {
    const socket = connect(worker.port, "127.0.0.1", () => socket.write("GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: "));
    socket.on("error", () => {});
    return socket;
  });
  await stands();
  sockets.forEach((socket) => socket.destroy());
});

test("a client that half closes is answered, or closed", async () => {
  const answer = await new Promise((resolve) => {
    let said = "";
    const socket = connect({ port: worker.port, host: "127.0.0.1", allowHalfOpen: true }, () => socket.end("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"));
    socket.setTimeout(5000, () => socket.destroy());
    socket.on("data", (chunk) => (said += chunk)).on("end", () => socket.destroy());
    socket.on("error", () => {}).on("close", () => resolve(said));
  });
  assert.ok(answer === "" || statuses(answer)[0] === 200, answer);
  await stands();
});

test("clients that ask for the page and never read it keep nobody waiting", async () => {
  const ask = "GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(200);
  const sockets = Array.from({ length: 20 }, () => {
    const socket = connect(worker.port, "127.0.0.1", () => socket.write(ask));
    socket.pause();
    socket.on("error", () => {});
    return socket;
  });
  for (let count = 0; count < 20; count += 1) await stands();
  sockets.forEach((socket) => socket.destroy());
  await stands();
});

/** Resident memory of everything that serves, in MiB. */
const memory = () => {
  const pids = descendants(worker.child.pid);
  const workerd = pids.find((pid) => readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("workerd"));
  return Number(readFileSync(`/proc/${workerd}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]) / 1024;
};

test("absurd questions about what exists fill no more memory than plain ones", async () => {
  const growth = async (path) => {
    const before = memory();
    for (let index = 0; index < 3000; index += 50)
      await Promise.all(Array.from({ length: 50 }, (_, one) => worker.text(path(index + one))));
    return memory() - before;
  };
  // The runtime's own heap grows with any load until it is at ease: plain questions first, so that it has had its chance.
  const plain = await growth(() => "/health");
  const absurd = await growth((index) => `/health?${index}`);
  assert.ok(absurd < plain + 50, `${absurd.toFixed(0)} MiB after 3,000 different questions, ${plain.toFixed(0)} after as many equal ones`);
});

test("conditional requests are answered as RFC 9110 says", async () => {
  const asked = async (path, tag) => {
    const answer = await worker.get(path, { headers: { "if-none-match": tag } });
    return [answer.status, (await answer.text()) === ""];
  };
  for (const path of ["/health/shop", "/route/shop"]) {
    await until(`${path}: a tag that still holds`, async (see) => {
      const etag = (await worker.get(path)).headers.get("etag");
      const opaque = etag.replace(/^W\//, "");
      const forms = [etag, opaque, `W/${opaque}`, `"other", ${etag}`, `"a","b" , ${etag} ,"c"`, "*"];
      const found = [];
      for (const form of forms) found.push(await asked(path, form));
      see(found);
      // The health document changes with each round of evidence: then the next try finds a moment of rest.
      return found.every(([status, empty]) => status === 304 && empty);
    });
    for (const other of ['"other"', "W/", '"', ",,,,", "no tag", `${'"x",'.repeat(3000)}"y"`]) {
      const [status, empty] = await asked(path, other);
      assert.deepEqual([status, empty], [200, false], other.slice(0, 20));
    }
  }
});

test("unknown pools and origins never reach an object", async () => {
  await worker.get("/livez", { headers: { "vedette-trap": "down=memory,cache,arbiter-hangs,kv" } });
  // Whoever needs a verdict waits for the Arbiter now, and in the end is told that nothing is known.
  let known = 0;
  const waiting = worker.get("/health/shop?now").then((answer) => ((known = answer.status), answer));
  const paths = Array.from({ length: 500 }, (_, index) => [
    `/health/pool-${index}`, `/health/shop/origin-${index}?format=text`, `/route/pool-${index}`, `/route/pool-${index}?format=redirect`,
  ]).flat();
  for (let index = 0; index < paths.length; index += 100) {
    const batch = paths.slice(index, index + 100).map((path, one) => worker.get(path, { method: one % 2 ? "HEAD" : "GET" }));
    for (const answer of await Promise.all(batch)) {
      assert.equal(answer.status, 404);
      assert.equal(answer.headers.get("cache-status"), null, "no copy was asked for");
      await answer.text();
    }
  }
  const line = (await worker.text("/readyz?verbose")).match(/by layer: (.*)/)[1];
  assert.match(line, / memory, 0 cache, 0 arbiter, 0 kv, [12] nothing$/, "of 2,000 requests and two known ones only these needed a copy");
  assert.match((await waiting).headers.get("cache-status"), /nothing, arbiter silent/);
  assert.equal(known, 200);
  await worker.get("/livez", { headers: { "vedette-trap": "down=" } });
  await stands();
});
