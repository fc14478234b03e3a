// @ts-check
// One attempt to have an origin answer a request, and what came of it. It decides nothing: what an
// outcome proves, and what follows from it, is said by the core (src/proxy/attempt.rs).

import { connect } from "cloudflare:sockets";
import { isRead } from "./fields.mjs";
import { BROKE_OFF, CUT, LEFT, TOO_LATE } from "./outcomes.mjs";

/**
 * When a body stops on its way, its origin may have let it go: then an answer, or the end of the
 * connection, is there within so long, in milliseconds. The client has torn it if neither is. The
 * runtime does not tell the one from the other.
 */
const TELLS_WITHIN = 100;

/** The longest body of which the runtime keeps the length by itself. */
const LONGEST = Number.MAX_SAFE_INTEGER;

/**
 * How far an attempt has come: whether the runtime has taken all of the request for the origin, and
 * whether the client tore it.
 * @typedef {{ whole: boolean, torn: boolean }} Progress
 */

/**
 * A body on its way, pumped by the runtime, unread. `whole` is called once the runtime has taken
 * all of it for the origin.
 *
 * The runtime ends a pumped body well whose source has ended badly. So the pump is not to end it:
 * it is closed when all was sent. When the client tears it, the whole request is aborted, which the
 * origin sees (RFC 9112 section 8).
 * @param {ReadableStream} body @param {string | null} length @param {Progress} progress
 * @param {() => void} whole
 */
function pumped(body, length, progress, whole) {
  const { readable, writable } = length === null ? new IdentityTransformStream() : new FixedLengthStream(Number(length));
  const aborting = new AbortController();
  const torn = () => {
    // One that its reader let go is in error: then the origin wants no more, and its answer is not
    // to be aborted.
    if (writable.getWriter().desiredSize === null) return;
    setTimeout(() => {
      progress.torn = true;
      aborting.abort();
    }, TELLS_WITHIN);
  };
  body
    .pipeTo(writable, { preventAbort: true, preventClose: true })
    .then(() => writable.close().then(whole, () => {}), torn)
    .catch(() => {});
  return { body: readable, signal: aborting.signal };
}

/**
 * What is fetched: a request with its body pumped. It is handed over as it is where the runtime
 * takes no other: with GET and HEAD, and lengths that no number holds. Of those nobody is told when
 * they are whole.
 * @param {Request} request @param {string} url @param {Headers} headers
 * @param {ReadableStream | null} body @param {Progress} progress @param {() => void} whole
 * @returns {[string | Request, RequestInit]}
 */
function outgoing(request, url, headers, body, progress, whole) {
  const { method } = request;
  if (body === null) {
    progress.whole = true;
    return [url, { method, headers, redirect: "manual" }];
  }
  const length = headers.get("content-length");
  if (isRead(request) || Number(length) > LONGEST) return [new Request(url, request), { headers, redirect: "manual" }];
  return [url, { method, headers, redirect: "manual", ...pumped(body, length, progress, whole) }];
}

/**
 * Sends a request: the response, once its headers are there, or how there came to be none. The
 * origin's time begins when it has the request, body and all, and ends with the headers: a body may
 * take its time in either direction. An attempt that is too late is let go with the request that it
 * belongs to. `body` is what is left of its body, or nothing; with `raw` that of the response stays
 * as it was coded.
 * @param {Request} request @param {string} url @param {Headers} headers
 * @param {{ timeout: number, raw?: boolean, body: ReadableStream | null }} way
 * @returns {Promise<Response | number>}
 */
export const sent = (request, url, headers, { timeout, raw, body }) =>
  new Promise((resolve) => {
    /** Nothing once it is over.
     *  @type {ReturnType<typeof setTimeout> | null | undefined} */
    let timer;
    const progress = { whole: false, torn: false };
    const done = (/** @type {Response | number} */ came) => {
      clearTimeout(timer ?? null);
      timer = null;
      resolve(came);
    };
    const left = () => progress.torn || request.signal.aborted;
    const late = () => done(left() ? LEFT : TOO_LATE);
    const wait = () => {
      if (timer !== null) timer = setTimeout(late, timeout);
    };
    const whole = () => {
      progress.whole = true;
      wait();
    };
    const answered = (/** @type {Response} */ response) => {
      // One that comes after its time is nobody's any more, and must not keep its connection.
      if (timer === null) response.body?.cancel().catch(() => {});
      else done(response);
    };
    const lost = () => done(left() ? LEFT : progress.whole ? BROKE_OFF : CUT);
    const [to, init] = outgoing(request, url, headers, body, progress, whole);
    if (raw) init.encodeResponseBody = "manual";
    // Of a body that is handed over as it is nobody says when it is whole.
    if (progress.whole || init.signal === undefined) wait();
    fetch(to, init).then(answered, lost);
  });

/**
 * Whether an origin takes connections. It is asked before a request that must not be sent twice,
 * where the platform does not tell what was refused from what broke off. Each request asks anew:
 * an origin that restarts took the connection of a moment ago, and refuses the next one.
 * @param {string} url @param {number} timeout
 */
export async function takes(url, timeout) {
  const { hostname, port, protocol } = new URL(url);
  /** @type {Socket | undefined} */
  let socket;
  let timer;
  try {
    socket = connect({ hostname, port: Number(port) || (protocol === "https:" ? 443 : 80) });
    socket.closed.catch(() => {});
    const late = new Promise((resolve) => (timer = setTimeout(resolve, timeout, false)));
    if ((await Promise.race([socket.opened, late])) === false) return false;
  } catch {
    return false;
  } finally {
    clearTimeout(timer ?? null);
    socket?.close().catch(() => {});
  }
  return true;
}
