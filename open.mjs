// @ts-check
// The way of a request when the wasm worker cannot be asked: to the first origin of its route. It
// goes by a table that stands ready-made in the compiled configuration (src/proxy/open.rs), needs
// nothing else, and is slow; it is for errors of our own only.

import { endOf, hostOf, isAmbiguous, isAuthority, isThisMachine, isUnder, matched, partsOf, plain } from "./address.mjs";
import { isAddress, say } from "./fields.mjs";

/** @typedef {import("./types/worker.js").Open} Open */

/** The table of a compiled configuration; nothing if it routes nothing.
 *  @param {string} compiled @returns {Open | undefined} */
export const tableOf = (compiled) => JSON.parse(compiled).open;

/** @param {import("./types/worker.js").Answer} answer */
const given = (answer) => new Response(answer.body, answer);

/** The answer to a request that failed with us after an origin was asked.
 *  @param {Open} table */
export const askedAlready = ({ answers }) => given(answers.asked);

/**
 * Where a request is let through to, and the prefix that is left out; nothing if it is not for a
 * route.
 * @param {Open} table @param {string} url
 */
export function firstOrigin({ hosts, own, longest }, url) {
  const parts = partsOf(url);
  if (!parts || !isAuthority(parts.authority)) return;
  const host = hostOf(parts.authority).toLowerCase();
  const named = (/** @type {string} */ wanted) => hosts.find(({ name }) => name === wanted);
  const routed = named(host) ?? (isThisMachine(host) ? undefined : named("*"));
  const path = plain(parts.path);
  if (routed === undefined || isUnder(path, own) || isAmbiguous(parts.path)) return;
  if (parts.path.length + parts.query.length > longest) return;
  const route = routed.routes.find(({ prefix }) => isUnder(path, prefix));
  if (route === undefined) return;
  const { base, prefix, strip } = route;
  const below = strip ? parts.path.slice(endOf(parts.path, 0, strip)) : parts.path;
  return { url: `${base}${below.startsWith("/") ? "" : "/"}${below}${parts.query}`, stripped: strip ? prefix : undefined };
}

/**
 * Whether a server that reads `_` and `-` as one would take a field of this name for one that the
 * platform or we say.
 * @param {Open} table @param {string} name
 */
function isImpostor({ removed, said, said_under }, name) {
  const dashed = name.replaceAll("_", "-");
  return dashed !== name && (removed.includes(dashed) || said.includes(dashed) || said_under.some((prefix) => dashed.startsWith(prefix)));
}

/**
 * The header fields of a request that is let through.
 * @param {Open} table @param {Pick<Request, "url" | "headers">} request @param {string} [stripped]
 */
export function fieldsThrough(table, request, stripped) {
  const headers = new Headers(request.headers);
  const { scheme = "", authority = "" } = partsOf(request.url) ?? {};
  const [via, loop, client] = [headers.get("via"), headers.get("cdn-loop"), headers.get("cf-connecting-ip")];
  for (const name of [...headers.keys()]) if (table.removed.includes(name) || isImpostor(table, name)) headers.delete(name);
  headers.set("x-forwarded-host", matched(authority));
  headers.set("x-forwarded-proto", scheme);
  if (stripped !== undefined) headers.set("x-forwarded-prefix", stripped);
  say(headers, { via, loop, client: client !== null && isAddress(client) ? client : null }, { pseudonym: table.mark });
  return headers;
}

/** Sends a request there.
 *  @param {Open} table @param {{ url: string, stripped?: string }} way @param {Request} request */
export async function letThrough(table, { url, stripped }, request) {
  const { answers, append, mark } = table;
  if (request.headers.get("cdn-loop")?.includes(mark)) return given(answers.loop);
  if (request.bodyUsed) return given(answers.sent);
  try {
    // Made of the request itself, so that its body goes along whatever the method is.
    const response = await fetch(new Request(url, request), { headers: fieldsThrough(table, request, stripped), redirect: "manual" });
    const answer = new Response(response.body, response);
    for (const [name, value] of append) answer.headers.append(name, value);
    return answer;
  } catch {
    return given(answers.silent);
  }
}
