// Sends one request with Node's `fetch`, on a thread for whose end the command line waits.

import { workerData } from "node:worker_threads";

const { request, port, done } = workerData;

/** The body up to `most` bytes, and whether there was more. */
async function bodyOf(response, most) {
  const pieces = [];
  let length = 0;
  for await (const piece of response.body ?? []) {
    pieces.push(piece);
    length += piece.length;
    if (length > most) break;
  }
  return { body: new Uint8Array(Buffer.concat(pieces).subarray(0, most)), more: length > most };
}

/** What broke an exchange, in the words that are nearest to the cause. */
function cause(error) {
  const inner = error.cause ?? error;
  if (["TimeoutError", "AbortError"].includes(inner.name)) return "timed out";
  return inner.message || inner.code || String(inner);
}

async function exchanged() {
  const answer = { end: "complete", fields: [], body: new Uint8Array() };
  try {
    const { method, url, headers, body, within, wanted, most } = request;
    const response = await fetch(url, {
      method,
      headers,
      body: body ?? undefined,
      redirect: "manual",
      signal: AbortSignal.timeout(Math.max(within, 1)),
    });
    answer.status = response.status;
    answer.fields = wanted.flatMap((name) => (response.headers.has(name) ? [`${name}:${response.headers.get(name)}`] : []));
    const read = await bodyOf(response, most);
    answer.body = read.body;
    if (read.more) answer.end = "too long";
  } catch (error) {
    answer.end = cause(error);
  }
  return answer;
}

port.postMessage(await exchanged());
Atomics.store(done, 0, 1);
Atomics.notify(done, 0);
// A connection that is kept alive would keep the thread.
process.exit();
