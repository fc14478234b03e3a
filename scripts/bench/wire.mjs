// Answers as they stand on the wire: the header fields in their order and spelling, the bytes of
// the body.

import { request } from "node:http";

/** Asks once, on a connection of its own. */
export const asked = (url) =>
  new Promise((resolve, reject) => {
    request(url, { agent: false, timeout: 10_000 }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => {
        const { statusCode: status, rawHeaders } = answer;
        const fields = rawHeaders.flatMap((name, at) => (at % 2 ? [] : [[name, rawHeaders[at + 1]]]));
        resolve({ status, fields, body: Buffer.concat(chunks).toString() });
      });
      answer.on("error", reject);
    })
      .on("timeout", (_, socket) => socket?.destroy())
      .on("error", reject)
      .end();
  });

/** Header fields that the runtime adds by itself. */
const RUNTIME = ["content-length", "transfer-encoding", "connection", "keep-alive", "date"];

/** The answer as a worker makes it: what a peer needs to give the same. */
export const made = ({ status, fields, body }) => ({
  status,
  headers: Object.fromEntries(fields.map(([name, value]) => [name.toLowerCase(), value]).filter(([name]) => !RUNTIME.includes(name))),
  body,
});

/** Header fields whose value moves with time or with the times in the body. */
const MOVING = ["age", "vedette-evidence-age", "cache-control", "cache-status", "etag", "content-length"];

/**
 * The answer without what moves while a worker watches: the values of such fields, and times and
 * lengths in the body.
 */
export const still = ({ status, fields, body }) => ({
  status,
  fields: fields.map(([name, value]) => (MOVING.includes(name.toLowerCase()) ? [name] : [name, value])),
  body: body.replace(/\d+/g, "0"),
});

/** Where two answers part, as text to show; nothing if they are the same. */
export function difference(one, other) {
  const [left, right] = [one, other].map((answer) => JSON.stringify(answer));
  if (left === right) return;
  const at = [...left].findIndex((character, index) => character !== right[index]);
  const around = (text) => text.slice(Math.max(0, at - 80), at + 160);
  return `${around(left)}\ninstead of\n${around(right)}`;
}
