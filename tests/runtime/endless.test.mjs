// Bodies without end, over sockets to plain workerd: what signs in or writes answers 413 or 408 in
// bounded time, holds on to nothing, and goes on to serve everybody else.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { configured, serveVedette } from "../../scripts/bench/plain.mjs";
import { answersIn, memory } from "./raw.mjs";
import { answers, origin, person } from "./lib.mjs";

const { token, entry } = person("ada");

let site, worker, port;
before(async () => {
  site = await origin(answers.ok);
  const text = `[[monitor]]\nname = "shown"\nurl = "http://127.0.0.1:${site.port}"\n[access]\nadmin_tokens = "ADMIN"\n`;
  worker = await serveVedette(configured(text), { bindings: { ADMIN: entry } });
  port = Number(new URL(worker.url).port);
});
after(async () => {
  await worker?.stop();
  await site?.stop();
});

const TARGETS = {
  "signing in": ["POST /sign-in", "content-type: application/x-www-form-urlencoded"],
  "a change": ["PUT /v1/announcement", `authorization: Bearer ${token}\r\ncontent-type: application/json`],
};

/** Ways to send a body that does not end: the head, and what is sent every so many milliseconds. */
const CHUNK = `2000\r\n${"x".repeat(0x2000)}\r\n`;
const WAYS = {
  "chunks without end": { head: "transfer-encoding: chunked", piece: () => CHUNK, everyMs: 5, status: 413 },
  "a slow drip": { head: "transfer-encoding: chunked", piece: () => "1\r\nx\r\n", everyMs: 100, status: 408 },
  "nothing at all": { head: "transfer-encoding: chunked", piece: () => "", everyMs: 1_000, status: 408 },
  "less than it says": { head: "content-length: 1000", piece: () => "x", everyMs: 500, status: 408 },
};

/** Sends such a body until there is an answer; the answer. Fails if there is none in 20 s. */
function endless([line, fields], { head, piece, everyMs }) {
  return new Promise((resolve, reject) => {
    let said = "";
    let pieces;
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(`${line} HTTP/1.1\r\nhost: 127.0.0.1\r\n${fields}\r\n${head}\r\n\r\n`);
      // The peer may let go of what it no longer reads; what it has answered by then is read first,
      // since a write that comes too late ends the socket with what it holds.
      const more = () => socket.writable && socket.writableLength < 1_000_000 && socket.write(piece());
      pieces = setInterval(() => setImmediate(more), everyMs);
    });
    const end = (settle, value) => {
      clearInterval(pieces);
      clearTimeout(late);
      socket.destroy();
      settle(value);
    };
    const late = setTimeout(() => end(reject, new Error(`no answer; said: ${said}`)), 20_000);
    socket.on("data", (part) => {
      said += part.toString("latin1");
      const [answer] = answersIn(said);
      if (answer) end(resolve, answer);
    });
    socket.on("error", () => {});
    socket.on("close", () => end(reject, new Error(`closed without an answer; said: ${said}`)));
  });
}

for (const [what, target] of Object.entries(TARGETS)) {
  test(`bodies without end (${what}) are answered, each in bounded time`, async () => {
    const found = await Promise.all(
      Object.entries(WAYS).map(async ([way, how]) => {
        const { status, body } = await endless(target, how);
        assert.match(body, status === 413 ? /too-large/ : /too-slow/, way);
        return [way, status];
      }),
    );
    assert.deepEqual(Object.fromEntries(found), Object.fromEntries(Object.entries(WAYS).map(([way, { status }]) => [way, status])));
    assert.equal((await worker.get("/livez")).status, 200);
  });
}

test("a hundred of them at once take no memory that stays, and others are served meanwhile", async () => {
  const before = memory(worker.pid);
  const ways = Object.values(WAYS).filter(({ status }) => status === 408);
  const all = Promise.all(Array.from({ length: 100 }, (_, n) => endless(TARGETS["a change"], ways[n % ways.length])));
  let served = 0;
  const going = { on: true };
  all.finally(() => (going.on = false)).catch(() => {});
  while (going.on) {
    assert.ok([200, 503].includes((await worker.get("/health")).status));
    served += 1;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.ok((await all).every(({ status }) => status === 408));
  assert.ok(served > 10, `${served} others were served`);
  const grown = memory(worker.pid) - before;
  assert.ok(grown < 100, `it grew by ${grown} MiB`);
});
