// @ts-check
// The header fields of a request on its way, and of its answer on the way back. What is said to an
// origin under a lease is what the core would have it be told (src/proxy/fields.rs);
// tests/vectors/fields.json holds both to it.

/** @typedef {import("./types/worker.js").Kept} Kept */

const ORDINARY_CONNECTION = /^(?:keep-alive|close)$/i;
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const ADDRESS = /^[0-9a-f.:]+$/i;

/** Fields in which an origin may name its own address. */
const NAMING = ["location", "content-location", "refresh"];

/** Whether a text is a trace that may go under a lease: of the version that we know.
 *  @param {string} text */
export const isTraceparent = (text) => TRACEPARENT.test(text);

/** Whether a text has the form of an address. The local runtime lets a client write it itself.
 *  @param {string} text */
export const isAddress = (text) => ADDRESS.test(text);

/** Whether a request is one of the kinds whose body the runtime does not pump.
 *  @param {Pick<Request, "method">} request */
export const isRead = ({ method }) => method === "GET" || method === "HEAD";

/** Whether something comes after the header fields. A body of no bytes is none.
 *  @param {Pick<Request, "body" | "headers">} request */
export const hasBody = ({ body, headers }) => body !== null && headers.get("content-length") !== "0";

/** Header fields as the core asks for them.
 *  @param {Headers} headers */
export const fieldsOf = (headers) => ({ field: (/** @type {string} */ name) => headers.get(name) ?? undefined });

/** Names with an underscore, which some servers cannot tell from those with a dash.
 *  @param {Headers} headers */
function underscored(headers) {
  let found;
  for (const name of headers.keys()) if (name.includes("_")) found = found === undefined ? name : `${found} ${name}`;
  return found;
}

/** A request as the core knows it.
 *  @param {Request} request */
export const inbound = (request) => ({
  method: request.method,
  url: request.url,
  body: hasBody(request),
  underscored: underscored(request.headers),
  ...fieldsOf(request.headers),
});

/**
 * The header fields of a request as the core has an origin get them.
 * @param {Pick<Request, "headers">} request @param {string[]} removed
 * @param {Pick<import("./types/worker.js").Send, "set" | "remove">} send
 */
export function outbound(request, removed, { set = [], remove = [] }) {
  const headers = new Headers(request.headers);
  for (const name of removed) headers.delete(name);
  for (const name of remove) headers.delete(name);
  for (const [name, value] of set) headers.set(name, value);
  return headers;
}

/**
 * Says of itself what a proxy says, and who the client is. `forwarded` is what `Forwarded` says of
 * all others.
 * @param {Headers} out
 * @param {{ via: string | null, loop: string | null, client: string | null }} came
 * @param {{ pseudonym: string, forwarded?: string }} said
 */
export function say(out, { via, loop, client }, { pseudonym, forwarded }) {
  out.set("via", via ? `${via}, 1.1 ${pseudonym}` : `1.1 ${pseudonym}`);
  out.set("cdn-loop", loop ? `${loop}, ${pseudonym}` : pseudonym);
  if (client === null) out.delete("x-forwarded-for");
  else out.set("x-forwarded-for", client);
  if (forwarded === undefined) return;
  const node = client === null ? "" : client.includes(":") ? `for="[${client}]";` : `for=${client};`;
  out.set("forwarded", node + forwarded);
}

/**
 * The header fields of a request under a lease; nothing if there is something about it that the
 * core has to see.
 * @param {Pick<Request, "headers" | "body" | "method">} request
 * @param {Pick<Kept, "host" | "unset" | "set" | "pseudonym" | "forwarded">} lease
 */
export function usual({ headers, body, method }, lease) {
  if (body !== null && isRead({ method })) return;
  const connection = headers.get("connection");
  if (connection !== null && !ORDINARY_CONNECTION.test(connection)) return;
  const [via, loop, client] = [headers.get("via"), headers.get("cdn-loop"), headers.get("cf-connecting-ip")];
  if (via?.includes("vedette") || loop?.includes("vedette") || headers.has("upgrade") || headers.get("host") !== lease.host) return;
  const parent = headers.get("traceparent");
  if (parent === null ? headers.has("tracestate") : !isTraceparent(parent)) return;
  if ((client !== null && !isAddress(client)) || underscored(headers) !== undefined) return;
  const out = new Headers(headers);
  for (const name of lease.unset) out.delete(name);
  for (const [name, value] of lease.set) out.set(name, value);
  say(out, { via, loop, client }, lease);
  return out;
}

/**
 * Has the fields of an answer that name an origin's own address name the public one. `turned` is
 * the word of the core on one of them.
 * @param {Headers} headers @param {Pick<import("./types/worker.js").Way, "hosts" | "strip">} way
 * @param {(name: string, value: string) => string | undefined} turned
 */
export function turnBack(headers, { hosts, strip }, turned) {
  const names = (/** @type {string} */ value) => strip || hosts.some((host) => value.toLowerCase().includes(host));
  for (const name of NAMING) {
    const value = headers.get(name);
    const anew = value !== null && names(value) ? turned(name, value) : undefined;
    if (anew !== undefined) headers.set(name, anew);
  }
  if (!headers.has("set-cookie")) return;
  const cookies = headers.getSetCookie();
  if (!cookies.some((cookie) => /domain/i.test(cookie) && names(cookie))) return;
  headers.delete("set-cookie");
  for (const cookie of cookies) headers.append("set-cookie", turned("set-cookie", cookie) ?? cookie);
}
