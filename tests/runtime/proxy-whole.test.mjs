// Whose fault it is that a request does not come through, and what arrives whole: uploads that a
// client breaks off, uploads that an origin refuses early, connections that are refused, and
// answers that are none. In plain workerd, with clients that write bytes.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { connect } from "node:net";
import { after, before, beforeEach, describe, test } from "node:test";
import { configured, serveVedette, shop } from "../../scripts/bench/plain.mjs";
import { until } from "./lib.mjs";
import { HOST, rawly, route, through, upload } from "./through.mjs";

/** An origin that passes its probes, and remembers of each request whether it was whole. */
async function watched(name) {
  const self = { name, seen: [], act: undefined };
  const server = createServer((request, response) => {
    if (request.headers["vedette-vantage"]) return response.end('{"ok":true}');
    const one = { method: request.method, url: request.url, headers: request.headers, body: "" };
    self.seen.push(one);
    request.on("error", () => {});
    request.on("data", (part) => (one.body = (one.body + part.toString("latin1")).slice(0, 100)));
    request.on("close", () => (one.whole = request.complete));
    if (self.act) return self.act(request, response);
    request.on("end", () => response.setHeader("x-name", name).end(one.body));
  });
  server.on("clientError", (_, socket) => socket.destroy());
  // The server itself forgets a connection that was written to past it, and would wait for it.
  const sockets = new Set();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  self.listen = async (port = 0) => {
    await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
    self.port = server.address().port;
  };
  self.stop = () => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  };
  await self.listen();
  return self;
}

let primary, standby, worker;

before(async () => {
  [primary, standby] = [await watched("primary"), await watched("standby")];
  worker = await serveVedette(configured(shop([primary.port, standby.port], { vantages: ["weur"] }) + route('timeout = "2s"')));
  worker.port = Number(new URL(worker.url).port);
});

beforeEach(async () => {
  for (const one of [primary, standby]) Object.assign(one, { act: undefined, seen: [] });
  await calm();
});

after(async () => {
  await worker?.stop();
  await Promise.all([primary, standby].map((one) => one?.stop()));
});

/** Waits until the primary passes and is not ejected. */
const calm = () =>
  until(
    "the primary is asked",
    async (see) => {
      const answer = see(await through(worker, "/calm"));
      return answer.headers?.["x-name"] === "primary" && /first by priority/.test(answer.headers["proxy-status"]);
    },
    60_000,
  );

const told = async () => (await worker.get("/readyz?verbose")).text();
const ejections = async () => Number((await told()).match(/ejections (\d+)/)?.[1] ?? 0);

const LEAVING = {
  closes: (socket) => socket.destroy(),
  resets: (socket) => socket.resetAndDestroy(),
  "half-closes": (socket) => socket.end(),
};

/** A client that sends these bytes, waits until the origin has seen the request, and leaves. */
async function broken(head, body, leave) {
  const count = primary.seen.length;
  const socket = connect(worker.port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  socket.write(body);
  const one = await until("the origin is asked", () => primary.seen[count], 5_000);
  leave(socket);
  try {
    await until("the origin sees the end", (see) => see(one).whole !== undefined, 10_000);
  } finally {
    socket.destroy();
  }
  return one;
}

describe("an upload that its client breaks off", () => {
  for (const method of ["POST", "PUT"]) {
    for (const [how, leave] of Object.entries(LEAVING)) {
      for (const [what, bytes] of [
        ["three bytes", "abc"],
        ["900 kB", "x".repeat(900_000)],
      ]) {
        test(`${method} with a length: the client ${how} after ${what}; the origin sees it torn, and is not blamed`, async () => {
          const before = await ejections();
          for (let times = 0; times < 3; times += 1) {
            const one = await broken([`${method} /up HTTP/1.1`, `Host: ${HOST}`, "Content-Length: 1000000"], bytes, leave);
            assert.equal(one.whole, false);
          }
          assert.equal(await ejections(), before);
          assert.equal((await through(worker, "/next")).headers["x-name"], "primary");
        });
      }
    }
  }

  for (const [where, bytes] of [
    ["before the first chunk", ""],
    ["in the middle of a chunk", "10\r\nabc"],
    ["between chunks", "3\r\nabc\r\n"],
    ["before the last line", "3\r\nabc\r\n0\r\n"],
  ]) {
    for (const [how, leave] of Object.entries(LEAVING)) {
      test(`in chunks: the client ${how} ${where}; the origin sees it torn, and is not blamed`, async () => {
        const before = await ejections();
        for (let times = 0; times < 3; times += 1) {
          const one = await broken(["PUT /up HTTP/1.1", `Host: ${HOST}`, "Transfer-Encoding: chunked"], bytes, leave);
          assert.equal(one.whole, false);
        }
        assert.equal(await ejections(), before);
      });
    }
  }

  test("a client that half-closes its torn upload is told that it is its own", async () => {
    const socket = connect(worker.port, "127.0.0.1");
    let said = "";
    socket.on("data", (part) => (said += part));
    socket.on("error", () => {});
    socket.end(`POST /up HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 10\r\n\r\nabc`);
    await until("an answer", () => /\r\n\r\n/.test(said));
    socket.destroy();
    assert.match(said, /^HTTP\/1\.1 400 /);
    assert.match(said, /proxy-status: vedette; error=http_request_error/i);
  });
});

test("an upload arrives whole, in chunks and with a length, also one of nothing", async () => {
  for (const [fields, bytes, body] of [
    ["Content-Length: 5", "hello", "hello"],
    ["Content-Length: 0", "", ""],
    ["Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n", "hello"],
    ["Transfer-Encoding: chunked", "0\r\n\r\n", ""],
  ]) {
    for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
      Object.assign(primary, { seen: [] });
      await rawly(worker.port, `${method} /up HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n${fields}\r\n\r\n${bytes}`);
      assert.deepEqual(
        primary.seen.map(({ method, body, whole }) => [method, body, whole]),
        [[method, body, true]],
        `${method} ${fields}`,
      );
    }
  }
});

test("GET and HEAD with a body are passed on with it", async () => {
  const before = await ejections();
  for (const method of ["GET", "HEAD"]) {
    for (const [fields, bytes, body] of [
      ["Content-Length: 5", "hello", "hello"],
      ["Content-Length: 0", "", ""],
    ]) {
      for (let times = 0; times < 4; times += 1) {
        Object.assign(primary, { seen: [] });
        const said = await rawly(
          worker.port,
          `${method} /search HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n${fields}\r\n\r\n${bytes}`,
        );
        assert.match(said, /^HTTP\/1\.1 200 /, `${method} ${fields}`);
        assert.deepEqual(
          primary.seen.map(({ method, body, whole }) => [method, body, whole]),
          [[method, body, true]],
          `${method} ${fields}`,
        );
      }
    }
  }
  assert.equal(await ejections(), before);
});

test("GET and HEAD with a body in chunks are refused: the runtime would drop it on the way", async () => {
  for (const method of ["GET", "HEAD"]) {
    const said = await rawly(
      worker.port,
      `${method} /search HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
    );
    assert.match(said, /^HTTP\/1\.1 411 /, method);
    assert.equal(primary.seen.filter(({ url }) => url === "/search").length, 0);
  }
});

/** How an origin may refuse an upload from its header, without reading the rest. */
const REFUSALS = {
  "and resets": (request, response) =>
    response.writeHead(413, { connection: "close" }).end("too large", () => request.socket.resetAndDestroy()),
  "and closes": (request, response) => response.writeHead(413, { connection: "close" }).end("too large", () => request.socket.destroy()),
  "by a reset alone": (request) => request.socket.resetAndDestroy(),
};

for (const [how, act] of Object.entries(REFUSALS)) {
  test(`uploads that are refused early, ${how}, are nobody's failure, and least of all their client's`, async () => {
    const before = await ejections();
    primary.act = act;
    for (let times = 0; times < 20; times += 1) {
      const answer = await upload(worker.port, "/up", 4_000_000);
      // The answer may be lost, where the connection is reset.
      assert.ok(answer === undefined || [413, 502].includes(answer.status), answer?.head);
    }
    assert.equal(await ejections(), before);
    assert.ok(primary.seen.length >= 3 && standby.seen.length === 0);
    primary.act = undefined;
    assert.equal((await through(worker, "/next")).headers["x-name"], "primary");
  });
}

describe("an answer that is none", () => {
  for (const [what, bytes] of [
    ["of status 600", "HTTP/1.1 600 What\r\nContent-Length: 2\r\n\r\nno"],
    ["of status 999", "HTTP/1.1 999 What\r\nContent-Length: 2\r\n\r\nno"],
    ["that switches protocols unasked", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"],
  ]) {
    test(`${what}: the origin is asked once, and the client gets 502`, async () => {
      for (const [method, body] of [["DELETE"], ["POST"], ["PUT"], ["PATCH"], ["POST", "x"]]) {
        primary.act = (request) => request.socket.end(bytes);
        Object.assign(primary, { seen: [] });
        Object.assign(standby, { seen: [] });
        const answer = await through(worker, "/odd", { method, body });
        assert.equal(answer.status, 502, `${method}: ${JSON.stringify(answer)}`);
        assert.match(answer.headers["proxy-status"], /^vedette; error=http_protocol_error; details="primary answered/);
        assert.equal(primary.seen.length + standby.seen.length, 1, method);
        primary.act = undefined;
        await calm();
      }
    });

    test(`${what}: a GET is answered by the next origin`, async () => {
      primary.act = (request) => request.socket.end(bytes);
      const answer = await through(worker, "/odd");
      assert.deepEqual([answer.status, answer.headers["x-name"]], [200, "standby"]);
    });
  }
});

test("the platform's word that nothing has left sends what must not be sent twice to the next origin; an origin's own does not", async () => {
  const own = { server: "cloudflare", "cf-ray": "8f2c0a1b2c3d4e5f-AMS", "content-type": "text/plain; charset=UTF-8" };
  for (const [status, fields, again] of [
    [521, own, true],
    [523, own, true],
    [520, own, false],
    [522, own, false],
    [524, own, false],
    [530, own, true],
    [526, own, true],
    [521, {}, false],
    [521, { ...own, "cf-cache-status": "DYNAMIC" }, false],
  ]) {
    for (const [method, body] of [["POST", "one"], ["DELETE"]]) {
      primary.act = (request, response) =>
        request.resume().on("end", () => response.writeHead(status, fields).end(`error code: ${status}`));
      for (const one of [primary, standby]) Object.assign(one, { seen: [] });
      const answer = await through(worker, "/x", { method, body });
      primary.act = undefined;
      assert.deepEqual([primary.seen.length, standby.seen.length], [1, again ? 1 : 0], `${method} ${status}`);
      assert.deepEqual([answer.status, answer.text], again ? [200, body ?? ""] : [status, `error code: ${status}`], `${method} ${status}`);
      await calm();
    }
  }
});

test("an odd Connection is not our failure", async () => {
  for (const odd of ["close, (", "close, a:b", 'close, "x"', "@", "x\u00ffy, close", "keep-alive, {"]) {
    const said = await rawly(
      worker.port,
      Buffer.from(`GET /odd HTTP/1.1\r\nHost: ${HOST}\r\nConnection: ${odd}\r\nX-Own: 1\r\n\r\n`, "latin1"),
      (said) => /\r\n\r\n/.test(said),
    );
    assert.match(said, /^HTTP\/1\.1 200 /, odd);
    assert.match(said, /next-hop=primary/, odd);
  }
});

test("a length that no number holds is carried all the same, and an error of ours is an answer", async () => {
  for (const length of ["9007199254740993", "9223372036854775808"]) {
    const count = primary.seen.length;
    const socket = connect(worker.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(`POST /large HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${length}\r\n\r\nhello`);
    const one = await until("the origin is asked", () => primary.seen[count], 5_000);
    assert.equal(one.headers["content-length"], length);
    socket.destroy();
    await until("it is torn", () => one.whole === false);
  }
  assert.equal((await through(worker, "/next")).headers["x-name"], "primary");
});

describe("a connection that is refused", () => {
  let gone, there, other;

  before(async () => {
    [gone, there] = [await watched("gone"), await watched("there")];
    // Probes are rare: the verdict does not know yet what the request finds out.
    const text = shop([gone.port, there.port], { vantages: ["weur"] })
      .replaceAll('interval = "1s"', 'interval = "30s"')
      .replace('fast_interval = "30s"', 'fast_interval = "1s"');
    other = await serveVedette(configured(text + route('timeout = "2s"')));
    other.port = Number(new URL(other.url).port);
    await until("the pool passes", async (see) => see(await (await other.get("/health/shop/primary")).json()).status === "pass", 30_000);
    await until("a lease holds", async (see) => see(await through(other, "/")).headers["x-name"] === "gone");
  });

  after(async () => {
    await other?.stop();
    await Promise.all([gone, there].map((one) => one?.stop().catch(() => {})));
  });

  test("nothing has left, so the next origin is asked, whatever the method", async () => {
    // That it took a connection a moment ago says nothing of the next one.
    assert.equal((await through(other, "/order", { method: "POST", body: "zero" })).headers["x-name"], "gone");
    await gone.stop();
    for (const [method, body] of [["POST", "one"], ["POST"], ["PUT", "two"], ["DELETE"], ["PATCH", "three"], ["GET"]]) {
      Object.assign(there, { seen: [] });
      const answer = await through(other, "/order", { method, body });
      assert.deepEqual([answer.status, answer.headers["x-name"], answer.text], [200, "there", body ?? ""], `${method} ${body}`);
      assert.equal(there.seen.length, 1);
    }
  });
});
