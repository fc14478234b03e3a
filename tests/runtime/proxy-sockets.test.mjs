// WebSockets through a route while its requests go under a lease: both ways, to the next origin,
// and to their end. In plain workerd, with clients that write bytes.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { configured, serveVedette, shop } from "../../scripts/bench/plain.mjs";
import { until } from "./lib.mjs";
import { HOST, acceptSocket, frame, route, through, unframe } from "./through.mjs";

/** A frame that closes, as servers send it: the code and a reason. */
const closing = (code, reason) => Buffer.concat([Buffer.from([0x88, 2 + reason.length, code >> 8, code & 0xff]), Buffer.from(reason)]);

/**
 * An origin that passes its probes, answers with its name, and repeats what comes along a
 * WebSocket.
 */
async function echo(name) {
  const self = { name, open: [], ended: [], decline: false };
  const server = createServer((request, response) => {
    if (request.headers["vedette-vantage"]) return response.end('{"ok":true}');
    response.setHeader("x-name", name).end(name);
  });
  server.on("upgrade", (request, socket) => {
    if (self.decline) return socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    acceptSocket(request, socket);
    self.open.push(socket);
    socket.on("error", () => {});
    socket.on("end", () => socket.end());
    socket.on("close", () => self.ended.push(request.url));
    socket.on("data", (bytes) => {
      const opcode = bytes[0] & 0x0f;
      if (opcode === 8) return socket.end(closing(bytes.length > 6 ? 1000 : 1005, ""));
      if (opcode !== 1) return;
      const text = Buffer.from(`${name} ${unframe(bytes)}`);
      socket.write(Buffer.concat([Buffer.from([0x81, text.length]), text]));
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  self.port = server.address().port;
  self.stop = () => {
    for (const socket of self.open) socket.destroy();
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return self;
}

let primary, standby, worker;

before(async () => {
  [primary, standby] = [await echo("primary"), await echo("standby")];
  // Probes are rare: the verdict does not know yet what a request finds out.
  const text = shop([primary.port, standby.port], { vantages: ["weur"] }).replace('interval = "1s"', 'interval = "30s"');
  worker = await serveVedette(configured(text + route('timeout = "2s"')));
  worker.port = Number(new URL(worker.url).port);
  await until("the pool passes", async (see) => see(await (await worker.get("/health/shop/primary")).json()).status === "pass", 30_000);
});

after(async () => {
  await worker?.stop();
  for (const one of [primary, standby]) await one?.stop();
});

/** Has requests go under a lease: the second of one kind does. */
async function leased(name) {
  for (let times = 0; times < 3; times += 1) assert.equal((await through(worker, "/leased")).headers["x-name"], name);
}

/** Opens a WebSocket; its handshake, and what is said along it. */
async function opened(path) {
  const socket = connect(worker.port, "127.0.0.1");
  const self = { socket, bytes: Buffer.alloc(0), closed: false };
  socket.on("data", (part) => (self.bytes = Buffer.concat([self.bytes, part])));
  socket.on("error", () => {});
  socket.on("close", () => (self.closed = true));
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
      `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n\r\n`,
  );
  const end = await until("the handshake", () => self.bytes.indexOf("\r\n\r\n") + 1);
  self.head = self.bytes.subarray(0, end).toString();
  self.bytes = self.bytes.subarray(end + 3);
  self.says = (wanted) => until(wanted, () => self.bytes.length > 2 && unframe(self.bytes) === wanted);
  self.talk = async (text, wanted) => {
    self.bytes = Buffer.alloc(0);
    socket.write(frame(text));
    await self.says(wanted);
  };
  return self;
}

test("one goes through while a lease holds, and requests go on beside it", async () => {
  await leased("primary");
  const socket = await opened("/one");
  assert.match(socket.head, /^HTTP\/1\.1 101 /);
  assert.match(socket.head, /proxy-status: vedette; next-hop=primary/i);
  for (const text of ["hello", "again"]) {
    await socket.talk(text, `primary ${text}`);
    await leased("primary");
  }
  socket.socket.destroy();
  await until("the origin's side has ended", () => primary.ended.includes("/one"));
  await leased("primary");
});

test("one that the origin declines is answered by it", async () => {
  await leased("primary");
  primary.decline = true;
  const { head } = await opened("/declined");
  primary.decline = false;
  assert.match(head, /^HTTP\/1\.1 403 /);
  await leased("primary");
});

test("one that the origin closes ends with the origin's own code, and ejects nobody", async () => {
  for (let times = 0; times < 4; times += 1) {
    await leased("primary");
    const socket = await opened("/restarts");
    await socket.talk("hello", "primary hello");
    socket.bytes = Buffer.alloc(0);
    primary.open.at(-1).end(closing(1012, "restart"));
    await until("the close", () => socket.bytes.length >= 4);
    assert.deepEqual([socket.bytes[0], socket.bytes.readUInt16BE(2), socket.bytes.subarray(4, 11).toString()], [0x88, 1012, "restart"]);
    socket.socket.destroy();
  }
  await leased("primary");
});

test("one that breaks at the origin ends at the client, and ejects nobody", async () => {
  for (let times = 0; times < 4; times += 1) {
    await leased("primary");
    const socket = await opened("/breaks");
    await socket.talk("hello", "primary hello");
    primary.open.at(-1).resetAndDestroy();
    await until("the client sees the end", () => socket.closed || socket.bytes[0] === 0x88);
    socket.socket.destroy();
  }
  await leased("primary");
});

test("one goes to the next origin where the first is gone, under the lease of the first", async () => {
  await leased("primary");
  await primary.stop();
  const socket = await opened("/moved");
  assert.match(socket.head, /^HTTP\/1\.1 101 /);
  assert.match(socket.head, /proxy-status: vedette; next-hop=standby/i);
  await socket.talk("hello", "standby hello");
  socket.socket.destroy();
});
