// Bodies and connections through a route: nothing of them is read, held or changed on the way.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createServer, request as send } from "node:http";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { config, startWorker, until } from "./lib.mjs";
import { memory as memoryOf } from "./raw.mjs";
import { HOST, acceptSocket, frame, route, through, unframe } from "./through.mjs";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

let server, worker, act;
const ended = [];

before(async () => {
  server = createServer((request, response) => {
    if (request.headers["vedette-vantage"]) return response.end('{"ok":true}');
    act(request, response);
  });
  server.on("upgrade", (request, socket) => {
    acceptSocket(request, socket);
    socket.on("error", () => {});
    socket.on("end", () => {
      ended.push(request.url);
      socket.end();
    });
    socket.on("data", (bytes) => {
      if ((bytes[0] & 0x0f) !== 1) return;
      const echo = Buffer.from(`echo ${unframe(bytes)}`);
      socket.write(Buffer.concat([Buffer.from([0x81, echo.length]), echo]));
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const text = config({ shop: { primary: server.address().port } }, { vantages: ["weur"] });
  worker = await startWorker(text + route('timeout = "2s"'));
  await until("the pool passes", async (see) => see(await worker.json("/health/shop")).status === "pass", 30_000);
});

after(async () => {
  await worker?.stop();
  server?.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Memory of the runtime in bytes. */
const memory = () => memoryOf(worker.pid) * 2 ** 20;

/** Runs `work` and gives the most memory that the runtime took meanwhile. */
async function peak(work) {
  let most = memory();
  const timer = setInterval(() => (most = Math.max(most, memory())), 100);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return most;
}

test("a body of a gigabyte comes down in constant memory", async () => {
  const block = randomBytes(MIB);
  act = (_, response) => {
    let left = 1024;
    const more = () => {
      while (left > 0) {
        left -= 1;
        if (!response.write(block)) return response.once("drain", more);
      }
      response.end();
    };
    more();
  };
  const before = memory();
  let got = 0;
  const most = await peak(
    () =>
      new Promise((resolve, reject) => {
        send({ host: "127.0.0.1", port: worker.port, path: "/large", headers: { host: HOST } }, (answer) => {
          answer.on("data", (part) => (got += part.length));
          answer.on("end", resolve);
          answer.on("error", reject);
        })
          .on("error", reject)
          .end();
      }),
  );
  assert.equal(got, GIB);
  assert.ok(most - before < 100 * MIB, `${((most - before) / MIB).toFixed(0)} MiB more`);
});

test("a body of a gigabyte goes up in constant memory", async () => {
  const block = randomBytes(MIB);
  act = (request, response) => {
    let got = 0;
    request.on("data", (part) => (got += part.length));
    request.on("end", () => response.end(String(got)));
  };
  const before = memory();
  let said = "";
  const most = await peak(
    () =>
      new Promise((resolve, reject) => {
        const options = {
          host: "127.0.0.1",
          port: worker.port,
          path: "/up",
          method: "PUT",
          headers: { host: HOST, "content-length": GIB },
        };
        const asked = send(options, (answer) => {
          answer.on("data", (part) => (said += part));
          answer.on("end", resolve);
        });
        asked.on("error", reject);
        let left = 1024;
        const more = () => {
          while (left > 0) {
            left -= 1;
            if (!asked.write(block)) return asked.once("drain", more);
          }
          asked.end();
        };
        more();
      }),
  );
  assert.equal(said, String(GIB));
  assert.ok(most - before < 100 * MIB, `${((most - before) / MIB).toFixed(0)} MiB more`);
});

test("a body may take longer than the timeout of the headers", async () => {
  act = (_, response) => {
    response.write("slow ");
    setTimeout(() => response.end("but whole"), 3_000);
  };
  assert.equal((await through(worker, "/slow")).text, "slow but whole");
});

test("events arrive one by one, while the stream is open", async () => {
  let next;
  act = (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    response.write("data: 0\n\n");
    next = (text) => (text ? response.write(text) : response.end());
  };
  const seen = await new Promise((resolve, reject) => {
    let said = "";
    send({ host: "127.0.0.1", port: worker.port, path: "/events", headers: { host: HOST, accept: "text/event-stream" } }, (answer) => {
      answer.on("data", (part) => {
        said += part;
        const count = said.split("\n\n").length - 1;
        // Each event is sent only when the one before it has arrived.
        next(count < 4 ? `data: ${count}\n\n` : undefined);
      });
      answer.on("end", () => resolve(said));
    })
      .on("error", reject)
      .end();
  });
  assert.equal(seen, "data: 0\n\ndata: 1\n\ndata: 2\n\ndata: 3\n\n");
});

test("a WebSocket goes through in both directions, and ends at the origin when the client ends it", async () => {
  const socket = connect(worker.port, "127.0.0.1");
  socket.write(
    `GET /socket HTTP/1.1\r\nHost: ${HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
      `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n\r\n`,
  );
  let said = Buffer.alloc(0);
  socket.on("data", (part) => (said = Buffer.concat([said, part])));
  socket.on("error", () => {});
  const head = await until("the handshake", () => {
    const end = said.indexOf("\r\n\r\n");
    return end > 0 && said.subarray(0, end + 4).toString();
  });
  assert.match(head, /^HTTP\/1\.1 101 /);
  assert.match(head, /proxy-status: vedette; next-hop=primary/i);
  for (const text of ["hello", "again"]) {
    said = Buffer.alloc(0);
    socket.write(frame(text));
    await until(`echo ${text}`, () => said.length > 2 && unframe(said) === `echo ${text}`);
  }
  socket.destroy();
  await until("the origin's side has ended", () => ended.includes("/socket"));
});

for (const [coding, pack] of [
  ["gzip", gzipSync],
  ["br", brotliCompressSync],
]) {
  test(`${coding} is handed on as it is`, async () => {
    const packed = pack(Buffer.from("many many many many words"));
    act = (_, response) => response.writeHead(200, { "content-encoding": coding, "content-type": "text/plain" }).end(packed);
    const answer = await through(worker, "/packed", { headers: { "accept-encoding": coding } });
    assert.equal(answer.headers["content-encoding"], coding);
    assert.deepEqual(answer.body, packed);
  });
}

test("a range is asked for and answered as a range", async () => {
  const whole = randomBytes(1000);
  act = (request, response) => {
    const [, first, last] = request.headers.range.match(/bytes=(\d+)-(\d+)/).map(Number);
    response
      .writeHead(206, { "content-range": `bytes ${first}-${last}/1000`, "accept-ranges": "bytes" })
      .end(whole.subarray(first, last + 1));
  };
  const answer = await through(worker, "/part", { headers: { range: "bytes=100-299" } });
  assert.deepEqual([answer.status, answer.headers["content-range"]], [206, "bytes 100-299/1000"]);
  assert.deepEqual(answer.body, whole.subarray(100, 300));
});

test("HEAD, 204 and 304 have no body, and keep what they say of one", async () => {
  act = (request, response) => {
    if (request.method === "HEAD") return response.writeHead(200, { "content-length": 1234, etag: '"a"' }).end();
    response.writeHead(request.url === "/gone" ? 204 : 304, { etag: '"b"' }).end();
  };
  const head = await through(worker, "/x", { method: "HEAD" });
  assert.deepEqual([head.status, head.headers["content-length"], head.headers.etag, head.text], [200, "1234", '"a"', ""]);
  for (const [path, status] of [
    ["/gone", 204],
    ["/same", 304],
  ]) {
    const answer = await through(worker, path, { headers: { "if-none-match": '"b"' } });
    assert.deepEqual([answer.status, answer.headers.etag, answer.text], [status, '"b"', ""]);
  }
});

test("several cookies stay several", async () => {
  act = (_, response) => response.writeHead(200, { "set-cookie": ["a=1; Path=/", "b=2; Path=/"] }).end();
  assert.deepEqual((await through(worker, "/x")).headers["set-cookie"], ["a=1; Path=/", "b=2; Path=/"]);
});

test("an upload is not changed on the way", async () => {
  const body = randomBytes(3 * MIB);
  act = (request, response) => {
    const sum = createHash("sha256");
    request.on("data", (part) => sum.update(part));
    request.on("end", () => response.end(sum.digest("hex")));
  };
  const answer = await through(worker, "/sum", { method: "POST", body });
  assert.equal(answer.text, createHash("sha256").update(body).digest("hex"));
});
