// Requests as bytes, to a worker in plain workerd: nothing stands between what a client sends and
// the runtime.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { configured, serveVedette } from "../../scripts/bench/plain.mjs";
import { answers, config, origin, until } from "./lib.mjs";

/** A request of these header fields; text is taken as Latin-1, so that `\xff` is that byte. */
export const request = (line, headers = ["Host: x"], body = "") =>
  Buffer.from(`${line}\r\n${headers.map((header) => `${header}\r\n`).join("")}\r\n${body}`, "latin1");

/** Answers in what a server sent, `{ status, head, body }` each; those to HEAD have no body. */
export function answersIn(text, { head: bodiless = false } = {}) {
  const found = [];
  for (let at = 0; ; ) {
    const end = text.indexOf("\r\n\r\n", at);
    if (end < 0) return found;
    const head = text.slice(at, end);
    const status = Number(head.split(" ")[1]);
    const empty = bodiless || status < 200 || status === 304;
    // The runtime's own refusals of HTTP/1.0 name no length: they end with the connection.
    const length = empty ? 0 : Number(head.match(/^content-length: (\d+)/im)?.[1] ?? text.length - end - 4);
    if (text.length < end + 4 + length) return found;
    if (status >= 200) found.push({ status, head, body: text.slice(end + 4, end + 4 + length) });
    at = end + 4 + length;
  }
}

/**
 * Sends bytes and reads until there are `count` answers or the other side closes; `then` acts on
 * the socket once they are sent.
 */
export function exchange(port, bytes, { count = 1, head = false, then = () => {}, deadlineMs = 10_000 } = {}) {
  return new Promise((resolve) => {
    const chunks = [];
    let closed = false;
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes, () => then(socket)));
    const timer = setTimeout(() => socket.destroy(), deadlineMs);
    const text = () => Buffer.concat(chunks).toString("latin1");
    socket.on("data", (chunk) => {
      chunks.push(chunk);
      if (answersIn(text(), { head }).length >= count) socket.destroy();
    });
    socket.on("end", () => (closed = true));
    socket.on("error", () => (closed = true));
    socket.on("close", () => {
      clearTimeout(timer);
      resolve({ text: text(), answers: answersIn(text(), { head }), closed });
    });
  });
}

/**
 * Our worker, or a variant of it, in plain workerd, with the words of a worker of `lib.mjs`. It
 * watches one good origin and has seen that it passes; `stands` fails unless it lives and says so.
 */
export async function plainWorker(options) {
  const primary = await origin(answers.ok);
  let served;
  const stop = async () => (await served?.stop(), await primary.stop());
  try {
    served = await serveVedette(configured(config({ shop: { primary: primary.port } })), options);
    const worker = { ...served, port: Number(new URL(served.url).port), stop };
    worker.json = async (path) => (await worker.get(path)).json();
    worker.text = async (path) => (await worker.get(path)).text();
    worker.stands = async () => {
      assert.equal((await worker.get("/livez")).status, 200);
      await until("the pool passes", async (see) => see(await worker.text("/health/shop?format=text")) === "pass\n");
    };
    await worker.stands();
    return worker;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Memory that a process holds, in MiB. */
export const memory = (pid) => Number(readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]) / 1024;
