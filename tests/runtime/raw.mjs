// Requests as bytes, to a worker in plain workerd: nothing stands between what a client sends and the runtime.

import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { configured, serveVedette } from "../../scripts/bench/plain.mjs";
import { until } from "./lib.mjs";

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

/** Sends bytes and reads until there are `count` answers or the other side closes; `then` acts on the socket once they are sent. */
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

/** Our worker, or a variant of it, in plain workerd; it has the words of a worker of `lib.mjs`. */
export async function plainWorker(toml, options) {
  const worker = await serveVedette(configured(toml), options);
  worker.port = Number(new URL(worker.url).port);
  worker.json = async (path) => (await worker.get(path)).json();
  worker.text = async (path) => (await worker.get(path)).text();
  await until("the worker listens", async () => (await worker.get("/livez")).ok);
  return worker;
}

/** Memory that a process holds, in MiB. */
export const memory = (pid) => Number(readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]) / 1024;
