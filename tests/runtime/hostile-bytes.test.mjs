// Clients that send anything at all, as bytes to the worker in plain workerd. Each gets a clean
// refusal or a right answer, with nothing of the request in it. The worker goes on as if nothing
// had been.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { until } from "./lib.mjs";
import { answersIn, exchange, memory, plainWorker, request } from "./raw.mjs";

let worker;

before(async () => {
  worker = await plainWorker();
});

after(() => worker?.stop());

// What a client sends carries this word wherever it can, and no answer may.
const WORD = "canary";

const get = (target, ...headers) => request(`GET ${target} HTTP/1.1`, ["Host: x", ...headers]);
const utf8 = (target) => Buffer.from(`GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
const host = (...hosts) =>
  request(
    "GET /livez HTTP/1.1",
    hosts.map((host) => `Host:${host}`),
  );
const method = (name, target = "/health", ...headers) => request(`${name} ${target} HTTP/1.1`, ["Host: x", ...headers]);
const body = (headers, text) => request("POST /health HTTP/1.1", ["Host: x", ...headers], text);
const chunked = (text) => body(["Transfer-Encoding: chunked"], text);
const many = (count, make) => Array.from({ length: count }, (_, index) => make(index));

/** Says nothing and closes. */
const CLOSES = 0;

// name → bytes → status. 501 and 400 without a problem document are the runtime's own, before the
// worker is asked; so are 431, and 414 over 64 KiB. It takes an absurd Host, and a target in
// absolute or authority form for its path.
const table = {
  "request lines": {
    "bytes that are no text": ["\x00\x01\x02\r\n\r\n", 400],
    "a method alone": ["GET\r\n\r\n", 400],
    "no version": ["GET /livez\r\n\r\n", 400],
    "an unknown protocol": [request("GET /livez HTPP/1.1"), 400],
    "HTTP/9.9": [request("GET /livez HTTP/9.9"), 400],
    "the preface of HTTP/2, not followed by it": ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\ncanary", CLOSES],
    "HTTP/1.0 without a host": [request("GET /livez HTTP/1.0", []), 400],
    "HTTP/1.0 with a host": [request("GET /livez HTTP/1.0"), 200],
    "an empty line first": [`\r\n${get("/livez")}`, 200],
    "bare line feeds": ["GET /livez HTTP/1.1\nHost: x\n\n", 200],
    "a space in the path": [get("/health/a canary"), 400],
    "tabs between the words": [request("GET\t/livez\tHTTP/1.1"), 400],
    "bytes of TLS": ["\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03canary\r\n\r\n", 400],
  },
  methods: {
    "in lower case": [method("get"), 501],
    "that nobody knows": [method("CANARY"), 501],
    "of 5,000 letters": [method("X".repeat(5000)), 501],
    "with characters that none has": [method("G<canary>T"), 400],
    OPTIONS: [method("OPTIONS"), 204],
    "OPTIONS of *": [method("OPTIONS", "*"), 204],
    "TRACE, which would give the request back": [method("TRACE", "/health", "Cookie: canary"), 405],
    PROPFIND: [method("PROPFIND"), 405],
    PURGE: [method("PURGE"), 405],
    PATCH: [method("PATCH"), 405],
    // The runtime wants a handler of its own for CONNECT; there is none.
    "CONNECT to another host": [method("CONNECT", "canary.example:443"), 500],
    "CONNECT to a path": [method("CONNECT", "/livez"), 500],
    "an override of the method": [get("/livez", "X-HTTP-Method-Override: DELETE"), 200],
  },
  targets: {
    "in absolute form": [get("http://canary.example/livez"), 200],
    "in absolute form without a path": [get("http://canary.example"), 200],
    "in absolute form with a user": [get("http://canary:canary@x/livez"), 200],
    "of another scheme": [get("ftp://canary.example/livez"), 200],
    "of a script": [get("javascript:canary"), 200],
    "in authority form": [get("canary.example:443"), 200],
    "*": [get("*"), 200],
    "a query alone": [get("?canary"), 400],
    "a backslash first": [get("\\livez"), 400],
    "a backslash inside": [get("/health\\shop"), 404],
    "a fragment": [get("/livez#canary"), 200],
    "two slashes first": [get("//health"), 200],
    "two slashes and a host": [get("//canary.example/health"), 404],
    "two slashes inside": [get("/health//shop"), 404],
    "a slash at the end": [get("/health/shop/"), 200],
    "no pool": [get("/health/"), 404],
    "no pool to route": [get("/route/"), 404],
    "/./": [get("/./livez"), 404],
    "/../": [get("/canary/../livez"), 404],
    "/../ beyond the root": [get("/../../etc/passwd"), 404],
    "/../ escaped": [get("/canary/%2e%2e/livez"), 404],
    "/../ escaped twice": [get("/canary/%252e%252e/livez"), 404],
    "4,000 times /..": [get(`${"/..".repeat(4000)}/livez`), 404],
    "5,000 levels": [get("/a".repeat(5000)), 404],
    "a name escaped": [get("/health/%73hop"), 200],
    "a name escaped twice": [get("/health/%2573hop"), 404],
    "a name in capitals": [get("/health/SHOP"), 404],
    capitals: [get("/HEALTH"), 404],
    "a parameter of the path": [get("/health;canary"), 404],
    NUL: [get("/health/\x00canary"), 400],
    "control bytes": [get("/health/\x01\x7fcanary"), 400],
    "invalid UTF-8": [get("/health/\xff\xfecanary"), 400],
    "invalid UTF-8, escaped": [get("/health/%ff%fecanary"), 404],
    "an escape that is none": [get("/health/%zzcanary"), 404],
    "an escaped NUL": [get("/health/shop%00"), 404],
    "an escaped line end and a header": [get("/health/shop%0d%0aX-Canary:%20canary"), 404],
    unicode: [utf8("/health/schön-日本-😀"), 404],
    "a name in look-alike letters": [utf8("/health/ѕhop"), 404],
    "a name from right to left": [utf8("/health/\u202epohs"), 404],
    markup: [get("/health/%3Cscript%3Ecanary%3C/script%3E"), 404],
    "a constructor of JavaScript": [get("/health/constructor"), 404],
    __proto__: [get("/health/__proto__"), 404],
    "a pool of 8,000 letters": [get(`/health/${"a".repeat(8000)}`), 404],
    "17,000 letters": [get(`/health/${"a".repeat(17_000)}`), 414],
    "100,000 letters": [get(`/health/${"a".repeat(100_000)}`), 414],
    "a path of the platform": [get("/cdn-cgi/canary"), 404],
  },
  queries: {
    "invalid UTF-8": [get("/health?\xff\xfe=canary"), 400],
    "invalid UTF-8, escaped": [get("/health/shop?canary=%ff%fe"), 400],
    "5,000 parameters": [get(`/health?${many(5000, (index) => `a${index}`).join("&")}`), 414],
    "2,000 parameters": [get(`/health/shop?${many(2000, (index) => `a${index}`).join("&")}`), 400],
    "a format 1,000 times": [get(`/health?${many(1000, () => "format=canary").join("&")}`), 400],
    "a format after a format": [get("/health?format=json&format=canary"), 200],
    "a format escaped": [get("/health?format=%74ext"), 400],
    "a format of markup": [get("/health?format=%3Ccanary%3E"), 400],
    "an array of formats": [get("/health?format[]=canary"), 400],
    "a redirect of health": [get("/health?format=redirect&to=http://canary.example"), 400],
    "marks alone": [get("/health????&&&==&=="), 400],
    "a redirect to elsewhere": [get("/route/shop?format=redirect&url=http://canary.example"), 400],
  },
  hosts: {
    none: [host(), 400],
    empty: [host(""), 400],
    "of bytes that are no text": [host(" \xff\xfe"), 400],
    two: [host(" x", " canary"), 200],
    markup: [host(" <canary>"), 200],
    "with a port that is none": [host(" x:99999"), 200],
    "with a user": [host(" canary:canary@x"), 200],
    "with a query": [host(" x?canary"), 200],
    "half an address": [host(" [::1"), 200],
    "of 5,000 letters": [host(` ${"a".repeat(5000)}`), 200],
    "with a path": [host(" x/health/canary"), 404],
    "forwarded from another": [get("/livez", "X-Forwarded-Host: canary.example", "Forwarded: host=canary.example"), 200],
  },
  bodies: {
    "two lengths": [body(["Content-Length: 5", "Content-Length: 6"], "canary"), 400],
    "a list of lengths": [body(["Content-Length: 5, 6"], "canary"), 400],
    "a negative length": [body(["Content-Length: -1"], "canary"), 400],
    "a length in hexadecimal": [body(["Content-Length: 0x5"], "canary"), 400],
    "a length with a sign": [body(["Content-Length: +5"], "canary"), 400],
    "a length beyond numbers": [body(["Content-Length: 99999999999999999999"]), 400],
    "the greatest length, and nothing": [body(["Content-Length: 9223372036854775807"]), 405],
    "shorter than its length": [body(["Content-Length: 100"], "canary"), 405],
    "an unknown coding": [body(["Transfer-Encoding: canary"]), 400],
    "an unknown coding after chunked": [body(["Transfer-Encoding: chunked", "Transfer-Encoding: identity"], "0\r\n\r\n"), 400],
    "good chunks": [chunked("5\r\nhello\r\n0\r\n\r\n"), 405],
    "a chunk whose length is none": [chunked("zz\r\ncanary\r\n0\r\n\r\n"), 405],
    "a chunk of a negative length": [chunked("-5\r\nhello\r\n0\r\n\r\n"), 405],
    "a chunk beyond numbers": [chunked("FFFFFFFFFFFFFFFFFF\r\ncanary"), 405],
    "a chunk without an end": [chunked("5\r\nhelloXX0\r\n\r\n"), 405],
    "on GET": [request("GET /livez HTTP/1.1", ["Host: x", "Content-Length: 6"], WORD), 200],
    "a promise to wait, and no body": [body(["Expect: 100-continue", "Content-Length: 5"]), 405],
    "an expectation nobody knows": [get("/livez", "Expect: canary"), 200],
  },
  "header fields": {
    "one of 100 KB": [get("/livez", `x: ${"a".repeat(100_000)}`), 200],
    "one of 1 MB": [get("/livez", `x: ${"a".repeat(1_000_000)}`), 431],
    "10,000 different ones": [get("/livez", ...many(10_000, (index) => `x${index}: a`)), 200],
    "one 10,000 times": [get("/livez", ...many(10_000, () => "a: b")), 200],
    "without a colon": [get("/livez", WORD), 400],
    "a space before the colon": [get("/livez", "x : canary"), 400],
    folded: [get("/livez", "x: a", " canary"), 400],
    "a name with markup": [get("/livez", "<canary>: a"), 400],
    "no name": [get("/livez", ": canary"), 400],
    NUL: [get("/livez", "x: a\x00canary"), 400],
    "a bare carriage return": [get("/livez", "x: a\rcanary: b"), 400],
    "control bytes": [get("/livez", "x: a\x01canary"), 200],
    "bytes that are no text": [get("/livez", "x: \xff\xfe"), 200],
    "a range": [get("/health/shop", "Range: bytes=0-0"), 200],
    "absurd ranges": [get("/health/shop", `Range: bytes=${"0-,".repeat(5000)}`), 200],
    "an absurd Accept": [get("/health/shop", `Accept: ${"canary/*;q=9,".repeat(5000)}`), 200],
    "another protocol": [get("/livez", "Connection: Upgrade", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"), 200],
    "a socket for ever": [get("/livez", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), 200],
    "our own names": [get("/health/shop", "Vedette-Vantage: canary", "Vedette-Trap: read", "Cache-Status: canary"), 200],
  },
};

for (const [kind, rows] of Object.entries(table)) {
  test(kind, async (t) => {
    for (const [name, [bytes, status]] of Object.entries(rows)) {
      await t.test(`${name}: ${status || "closed"}`, async () => {
        const { text, answers: found, closed } = await exchange(worker.port, bytes);
        if (status === CLOSES) return assert.deepEqual([text, closed], ["", true]);
        assert.deepEqual(
          found.map((answer) => answer.status),
          [status],
        );
        assert.doesNotMatch(text, new RegExp(WORD, "i"));
        const [{ head, body }] = found;
        if (status === 404 || status === 405) assert.match(head, /^content-type: application\/problem\+json/im);
        // The runtime refuses in a few words.
        else if (status >= 400 && !head.includes("problem+json")) assert.ok(body.length < 64, body);
      });
    }
    await worker.stands();
  });
}

test("an answer for an absurd Host is given to nobody else", async () => {
  const status = async (name) => (await exchange(worker.port, request("GET /shop HTTP/1.1", [`Host: ${name}`]))).answers[0].status;
  // The runtime puts both together to an address; `/shop` by itself is nothing.
  await until("the address is that of a pool", async (see) => see(await status("/health")) === 200);
  assert.equal(await status("x"), 404);
});

const PATHS = ["/", "/style.css", "/livez", "/readyz", "/health", "/health/shop", "/health/shop/primary", "/route/shop", "/nope"];

for (const name of ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "MKCOL", "LOCK", "REPORT"]) {
  test(`${name} is refused on every path`, async () => {
    for (const path of PATHS) {
      const {
        answers: [answer],
      } = await exchange(worker.port, method(name, path, `x: ${WORD}`));
      assert.equal(answer.status, path === "/nope" ? 404 : 405, path);
      if (answer.status === 405) assert.match(answer.head, /^allow: GET, HEAD\r?$/im);
      assert.ok(!answer.body.includes(WORD));
    }
  });
}

test("no request hides in what another one brings", async () => {
  const hidden = get("/style.css").toString("latin1");
  for (const [name, bytes] of Object.entries({
    "a length and chunks": body(["Content-Length: 6", "Transfer-Encoding: chunked"], `0\r\n\r\n${hidden}`),
    "chunks and a length": body(["Transfer-Encoding: chunked", "Content-Length: 6"], `0\r\n\r\n${hidden}`),
    "two lengths": body(["Content-Length: 0", `Content-Length: ${hidden.length}`], hidden),
    "an unknown coding": body(["Transfer-Encoding: xchunked"], `0\r\n\r\n${hidden}`),
    "a bad chunk": chunked(`zz\r\n${hidden}`),
    "a body in full": body([`Content-Length: ${hidden.length}`, "Connection: close"], hidden),
  })) {
    const { answers: found, closed } = await exchange(worker.port, bytes, { count: 2 });
    assert.deepEqual([found.length, closed], [1, true], name);
  }
});

test("requests in one piece are answered in their order", async () => {
  const asks = [
    ["/livez", 200],
    ["/nope", 404],
    ["/health/shop", 200],
    ["/health?format=canary", 400],
    ["/route/nope", 404],
  ];
  const all = many(200, (index) => asks[index % asks.length]);
  const { answers: found } = await exchange(worker.port, Buffer.concat(all.map(([path]) => get(path))), { count: all.length });
  assert.deepEqual(
    found.map(({ status }) => status),
    all.map(([, status]) => status),
  );
});

test("a client that closes its half is answered, unless it had not asked", async () => {
  const closesHalf = { then: (socket) => socket.end() };
  assert.equal((await exchange(worker.port, get("/health/shop"), closesHalf)).answers[0]?.status, 200);
  for (const half of ["", "GET", "GET /livez HTTP/1.1\r\nHos", "POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhal"]) {
    const { answers: found, closed } = await exchange(worker.port, half, closesHalf);
    assert.ok(closed || found.length, half);
    assert.ok(
      found.every(({ status }) => status >= 400 && status < 500),
      half,
    );
  }
  await worker.stands();
});

/** A connection that the test ends. */
function open() {
  const socket = connect({ port: worker.port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => {});
  return new Promise((resolve) => socket.on("connect", () => resolve(socket)));
}

test("requests that never end keep nobody else waiting", async () => {
  const slow = await Promise.all(many(200, open));
  slow.forEach((socket, index) =>
    socket.write(index % 2 ? "GET /health HTTP/1.1\r\nHost: x\r\nx:" : "POST / HTTP/1.1\r\nHost: x\r\nContent-Le"),
  );
  await worker.stands();
  const slowest = await open();
  const heard = new Promise((resolve) => slowest.once("data", resolve));
  for (const byte of get("/health/shop", "x: one byte at a time")) {
    await new Promise((resolve) => slowest.write(Buffer.of(byte), resolve));
    slow.forEach((socket) => socket.write("a"));
  }
  assert.match(String(await heard), /^HTTP\/1\.1 200/);
  [...slow, slowest].forEach((socket) => socket.destroy());
  await worker.stands();
});

test("bodies without end are refused on every path, and not read", async (t) => {
  const before = memory(worker.pid);
  const piece = Buffer.alloc(64 * 1024, WORD);
  const pieces = 1024;
  let most = 0;
  for (const path of PATHS) {
    for (const [length, part] of [
      [`Content-Length: ${pieces * piece.length}`, piece],
      ["Transfer-Encoding: chunked", Buffer.concat([Buffer.from("10000\r\n"), piece, Buffer.from("\r\n")])],
    ]) {
      let sent = 0;
      const pour = async (socket) => {
        for (; sent < pieces && socket.writable; sent += 1)
          if (!socket.write(part)) await new Promise((resolve) => ["drain", "close"].forEach((event) => socket.once(event, resolve)));
      };
      const { text, answers: found } = await exchange(worker.port, method("POST", path, length), { then: pour });
      // The runtime closes with the answer; a client in mid-sentence may see nothing but that.
      assert.ok(
        found.every(({ status }) => status === (path === "/nope" ? 404 : 405)),
        `${path}, ${length}`,
      );
      assert.ok(!text.includes(WORD));
      most = Math.max(most, sent);
    }
  }
  const grown = memory(worker.pid) - before;
  t.diagnostic(`at most ${most} pieces of ${pieces} went out; ${grown.toFixed(0)} MiB more`);
  assert.ok(most < pieces, "the whole body was taken");
  assert.ok(grown < 64, `${grown} MiB more`);
  await worker.stands();
});

test("clients that do not read cost little, and nobody else waits for them", async (t) => {
  const before = memory(worker.pid);
  // Far more than the kernel holds for a connection.
  const asks = 4000;
  const page = Buffer.concat(many(asks, () => get("/")));
  const deaf = await Promise.all(many(8, open));
  deaf.forEach((socket) => socket.pause().write(page));
  const counted = async () => Number((await worker.text("/readyz?verbose")).match(/(\d+) memory/)[1]);
  // The worker works on them until the buffers are full; from then on it rests.
  await until(
    "nothing more is made for them",
    async (see) => {
      const first = await counted();
      await worker.stands();
      return first > 1000 && see((await counted()) - first) < 10;
    },
    30_000,
  );
  const grown = memory(worker.pid) - before;
  t.diagnostic(`${grown.toFixed(0)} MiB more, ${await counted()} answers`);
  assert.ok(grown < 128, `${grown} MiB more`);
  deaf.slice(1).forEach((socket) => socket.destroy());
  // One reads after all, and finds every answer.
  let text = "";
  deaf[0].on("data", (chunk) => (text += chunk.toString("latin1"))).resume();
  await until("every page", (see) => see(text.split("HTTP/1.1 200").length - 1) === asks, 30_000);
  deaf[0].destroy();
  await worker.stands();
});

test("a client that reads a byte at a time is served like any other", async () => {
  const socket = connect({ port: worker.port, host: "127.0.0.1", readableHighWaterMark: 1 });
  socket.write(Buffer.concat(many(20, () => get("/"))));
  let text = "";
  await until("the first page", () => {
    for (let byte; (byte = socket.read(1)); ) text += byte.toString("latin1");
    return answersIn(text).length > 0;
  });
  socket.destroy();
  assert.equal(answersIn(text)[0].status, 200);
  await worker.stands();
});

/**
 * Status and header fields of a conditional request, at a moment in which the tag did not change:
 * `condition` makes it from the tag.
 */
const conditional = (path, condition, init = {}) =>
  until("two answers with the same tag", async () => {
    // Made anew, as the answer to a condition is: one that is given again may rest on evidence a
    // second older.
    const tag = async () => (await worker.get(`${path}?now`)).headers.get("etag");
    const before = await tag();
    const answer = await worker.get(path, { ...init, headers: { ...init.headers, "if-none-match": condition(before) } });
    const body = await answer.text();
    // An empty condition is none, so that one may be answered from what is kept: then a moment is
    // waited for in which both agree.
    const agrees = answer.headers.get("etag") === before;
    return (await tag()) === before && agrees && { status: answer.status, headers: answer.headers, body, tag: before };
  });

/** The tag without what makes it weak. */
const opaque = (tag) => tag.replace(/^W\//, "");
const others = (count) => many(count, (index) => `"other-${index}"`).join(", ");

// RFC 9110, 13.1.2: weak comparison, lists, and `*` for any; what is not a list of tags is no
// condition. A list over 64 tags or 4 KiB is not read to its end: 200 is always right.
const conditions = {
  "the tag": [(tag) => tag, 304],
  "the tag, strong": [(tag) => opaque(tag), 304],
  "the tag, weak": [(tag) => `W/${opaque(tag)}`, 304],
  any: [() => "*", 304],
  "the last of a list": [(tag) => `${others(20)}, ${tag}`, 304],
  "the first of a list": [(tag) => `${tag}, W/"other"`, 304],
  "a list without spaces": [(tag) => `"other",${tag},"another"`, 304],
  "a list with holes": [(tag) => `, ,${tag},,`, 304],
  another: [() => '"other"', 200],
  "another, weak": [() => 'W/"other"', 200],
  nothing: [() => "", 200],
  commas: [() => ",,,", 200],
  "the tag without its quotes": [(tag) => opaque(tag).replaceAll('"', ""), 200],
  "the tag with half its quotes": [(tag) => tag.slice(0, -1), 200],
  "the tag with a small w": [(tag) => `w/${opaque(tag)}`, 200],
  "the tag, weak twice": [(tag) => `W/W/${opaque(tag)}`, 200],
  "any in quotes": [() => '"*"', 200],
  "any in a list": [() => '"other", *', 200],
  "bytes that are no text": [() => "\xff\xfe", 200],
  "in a list of 1,000": [(tag) => `${others(1000)}, ${tag}`, 200],
  "in 60 KB": [(tag) => `"${"x".repeat(60_000)}", ${tag}`, 200],
};

for (const [path, form] of [
  ["/health/shop", /^"[0-9a-f]+"$/],
  ["/route/shop", /^W\/"shop-\d+"$/],
]) {
  for (const [name, [condition, status]] of Object.entries(conditions)) {
    test(`${path} if none matches ${name}: ${status}`, async () => {
      for (const method of ["GET", "HEAD"]) {
        const answer = await conditional(path, condition, { method });
        assert.match(answer.tag, form);
        assert.equal(answer.status, status);
        assert.equal(answer.headers.get("etag"), answer.tag);
        for (const name of ["cache-control", "age"]) assert.ok(answer.headers.has(name), name);
        assert.equal(answer.body !== "", status === 200 && method === "GET");
        assert.equal(answer.headers.has("content-type"), status === 200);
      }
    });
  }
}

test("conditions on what is refused, or has no tag, change nothing", async () => {
  for (const [path, status] of [
    ["/nope", 404],
    ["/health/nope", 404],
    ["/health?format=canary", 400],
    ["/livez", 200],
    ["/", 200],
  ])
    assert.equal((await worker.get(path, { headers: { "if-none-match": "*" } })).status, status, path);
  assert.equal((await worker.get("/health", { method: "POST", headers: { "if-none-match": "*" } })).status, 405);
});

/**
 * Asks `count` questions on each of four connections, none waiting for the answer before it, until
 * all are answered.
 */
async function ask(count, question) {
  await Promise.all(
    many(4, async (lane) => {
      const socket = await open();
      let [answered, rest] = [0, ""];
      socket.on("data", (chunk) => {
        const parts = (rest + chunk.toString("latin1")).split("HTTP/1.1 200");
        answered += parts.length - 1;
        // A status line may be cut in two.
        rest = parts.at(-1).slice(-11);
      });
      socket.write(Buffer.concat(many(count, (index) => question(`${lane}-${index}`))));
      await until("every answer", (see) => see(answered) === count, 30_000);
      socket.destroy();
    }),
  );
}

const filler = (length) => "x".repeat(length);

// Were no more than their addresses kept, it would be 114 MiB of queries, and 92 of hosts.
for (const [name, count, question] of [
  ["queries", 10_000, (text) => get(`/health/shop?now=${text}-${filler(12_000)}`)],
  ["hosts", 1000, (text) => request("GET /health/shop HTTP/1.1", [`Host: ${text}-${filler(100_000)}`])],
]) {
  test(`absurd ${name} on known paths leave nothing behind`, async (t) => {
    // The runtime's heap grows with any load until it is at ease: the same question many times, so
    // that it has had its chance.
    await ask(count / 4, () => question("same"));
    const before = memory(worker.pid);
    await ask(count / 4, question);
    const grown = memory(worker.pid) - before;
    t.diagnostic(`${grown.toFixed(0)} MiB more after ${count} different ones`);
    assert.ok(grown < 80, `${grown} MiB more`);
    await worker.stands();
  });
}
