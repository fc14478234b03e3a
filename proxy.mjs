// Carries requests through a route: does what the core says (src/proxy/engine.rs), and tells it what came of it.
//
// It is JavaScript because it holds what never enters wasm: bodies, and the promises of the platform. Bodies are handed from one side
// to the other unread. While nothing changes it sends requests under a lease (src/proxy/lease.rs), without a step into wasm; whatever the
// lease does not cover, it asks the core.

import { REFUSED, hasBody, outcomeOf, sent, takes } from "./attempt.mjs";
import { copies as copier } from "./copies.mjs";

/** Leases that are kept, by address; of very many the latest count. */
const LEASES_MOST = 1000;

/** What an address must not have to go under a lease: the core looks at it first. A dot after a slash may be a path of Vedette's own. */
const UNUSUAL = /\/\.|\\|%2[5ef]|%5c|#/i;

/** The longest address that goes under a lease; the core says what is too long. */
const LONGEST = 8192;

const ORDINARY_CONNECTION = /^(?:keep-alive|close)$/i;
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const ADDRESS = /^[0-9a-f.:]+$/i;

/** Fields in which an origin may name its own address. */
const NAMING = ["location", "content-location", "refresh"];

/** Whether a request is one of the kinds whose body the runtime does not pump. */
const isRead = ({ method }) => method === "GET" || method === "HEAD";

const NONE = new Headers();

const fieldsOf = (headers) => ({ field: (name) => headers.get(name) ?? undefined });

/** Names with an underscore, which some servers cannot tell from those with a dash. */
function underscored(headers) {
  let found;
  for (const name of headers.keys()) if (name.includes("_")) found = found === undefined ? name : `${found} ${name}`;
  return found;
}

/** What carries requests. `revive` makes a crashed instance of the wasm worker live again, `call` waits for a call into a living one,
 *  `note` takes note of an error that may be a crash, and `open` answers a request whose way was lost to one; it is told whether an origin
 *  was asked already. */
export function carrier({ wasm, revive, call, note, open }) {
  let removed;
  /** The fields that no origin gets as the client sent them, but for those that the runtime itself leaves out. */
  const unsaid = () => (removed ??= wasm.removed_fields().split(" "));

  /** Leases by the part of an address that decides where it goes, and by authority how much of it that is. */
  const leases = new Map();
  const depths = new Map();

  const inbound = (request) => ({
    method: request.method,
    url: request.url,
    body: hasBody(request),
    underscored: underscored(request.headers),
    ...fieldsOf(request.headers),
  });

  /** The word of the core on whether a copy is kept, or nothing. An error of ours is no reason to lose an answer. */
  function keep(request, status, headers) {
    try {
      const said = wasm.keep_copy(inbound(request), status, fieldsOf(headers));
      return said && JSON.parse(said);
    } catch (error) {
      note(error);
    }
  }

  const { copied, copyOf } = copier(keep);

  /** The header fields of a request as an origin gets them. */
  function outbound(request, { set, remove = [] }) {
    const headers = new Headers(request.headers);
    for (const name of unsaid()) headers.delete(name);
    for (const name of remove) headers.delete(name);
    for (const [name, value] of set) headers.set(name, value);
    return headers;
  }

  /** Has the fields of an answer that name an origin's own address name the public one. */
  function turnBack(headers, request, status, { route, hosts, strip }) {
    const names = (value) => strip || hosts.some((host) => value.toLowerCase().includes(host));
    const turned = (name, value) => wasm.turned_back(route, request.url, status, name, value);
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

  /** The answer of an origin, with what is said of the way that it came. `way` is the lease, or the step, by which it was asked. */
  function handedOn(response, request, way, append, ctx) {
    let answer = new Response(response.body, response);
    turnBack(answer.headers, request, response.status, way);
    if (way.copies && request.method === "GET") answer = new Response(copied(request, answer, ctx), answer);
    for (const [name, value] of append) answer.headers.append(name, value);
    return answer;
  }

  /** Sends a request. One that is sent with care must not be sent twice: first the origin is asked for a connection, where the platform does
   *  not tell what was refused from what broke off, and a short body is held until it is known that it has left. */
  async function tried(request, url, headers, way, careful, journey, env) {
    if (careful && env.VEDETTE_LOCAL && !(await takes(url, way.timeout))) return REFUSED;
    journey.asked = true;
    let body = hasBody(request) ? (journey.held ?? request.body) : null;
    const short = Number(headers.get("content-length") ?? Infinity) <= way.held;
    if (careful && body !== null && short && !isRead(request)) [body, journey.held] = body.tee();
    return sent(request, url, headers, { timeout: way.timeout, raw: way.copies, body });
  }

  /** Does what the first step says, and all that follow. `response` is an answer that is at hand already, by this way. */
  async function carry(first, request, journey, env, ctx, response, way) {
    let headers;
    for (let step = JSON.parse(first); ; ) {
      if (step.pass) return handedOn(response, request, way, step.pass, ctx);
      if (step.copy) {
        const copy = await copyOf(step.copy.key, request);
        if (copy === undefined) {
          step = step.else;
          continue;
        }
        response?.body?.cancel().catch(() => {});
        for (const [name, value] of step.copy.append) copy.headers.append(name, value);
        return copy;
      }
      // An answer that is not handed on keeps its connection unless it is let go.
      response?.body?.cancel().catch(() => {});
      if (step.answer) return new Response(step.answer.body || null, step.answer);
      let said;
      if (step.learn) {
        said = await call(() => wasm.on_snapshot(step.learn, step.pool, env, ctx));
      } else {
        way = step.send;
        const { id, url, lease } = way;
        if (lease) keepLease(request, lease);
        headers ??= outbound(request, way);
        const came = await tried(request, url, headers, way, way.held !== undefined, journey, env);
        response = typeof came === "number" ? undefined : came;
        revive();
        said = wasm.on_response(id, outcomeOf(came), fieldsOf(response?.headers ?? NONE), env, ctx);
      }
      // The instance that knew this request has crashed meanwhile.
      if (said === undefined && response) return response;
      if (said === undefined) throw new Error("the way of this request is not known any more");
      step = JSON.parse(said);
    }
  }

  /** The part of an address that decides where it goes. */
  function keyOf(url, path, depth) {
    const query = url.indexOf("?", path);
    const end = query < 0 ? url.length : query;
    let at = path;
    for (let left = depth; left > 0 && at < end; left -= 1) {
      const next = url.indexOf("/", at + 1);
      at = next < 0 || next > end ? end : next;
    }
    return url.slice(0, at);
  }

  const pathOf = (url) => url.indexOf("/", url.indexOf("://") + 3);

  function keepLease({ url, headers }, lease) {
    const path = pathOf(url);
    if (path < 0 || url.length > LONGEST) return;
    if (leases.size >= LEASES_MOST) forget();
    const authority = url.slice(0, path);
    const key = keyOf(url, path, lease.depth);
    depths.set(authority, lease.depth);
    const set = lease.set.map(([name]) => name).concat("forwarded", "x-forwarded-for");
    const unset = unsaid().filter((name) => !set.includes(name));
    leases.set(key, { ...lease, unset, skip: path + lease.strip, host: headers.get("host"), count: 0 });
  }

  function forget() {
    leases.clear();
    depths.clear();
  }

  /** The lease that an address goes under, if one holds. */
  function leaseOf(url) {
    const path = pathOf(url);
    const depth = depths.get(path < 0 ? url : url.slice(0, path));
    if (depth === undefined || url.length > LONGEST || UNUSUAL.test(url)) return;
    const lease = leases.get(keyOf(url, path, depth));
    if (lease === undefined) return;
    const now = Date.now();
    // A clock that was set back makes it look long to live.
    if (now >= lease.from && now < lease.until) return lease;
    leases.delete(keyOf(url, path, depth));
    if (lease.count) wasm.count_ok(lease.route, lease.count);
  }

  /** The header fields of a request under a lease; nothing if there is something about it that the core has to see. */
  function usual({ headers, body, method }, lease) {
    if (body !== null && isRead({ method })) return;
    const connection = headers.get("connection");
    if (connection !== null && !ORDINARY_CONNECTION.test(connection)) return;
    const [via, loop, client, parent] = [headers.get("via"), headers.get("cdn-loop"), headers.get("cf-connecting-ip"), headers.get("traceparent")];
    if (via?.includes("vedette") || loop?.includes("vedette") || headers.has("upgrade") || headers.get("host") !== lease.host) return;
    if (parent === null ? headers.has("tracestate") : !TRACEPARENT.test(parent)) return;
    if ((client !== null && !ADDRESS.test(client)) || underscored(headers) !== undefined) return;
    const out = new Headers(headers);
    for (const name of lease.unset) out.delete(name);
    for (const [name, value] of lease.set) out.set(name, value);
    out.set("via", via ? `${via}, 1.1 ${lease.pseudonym}` : `1.1 ${lease.pseudonym}`);
    out.set("cdn-loop", loop ? `${loop}, ${lease.pseudonym}` : lease.pseudonym);
    if (client === null) out.delete("x-forwarded-for");
    else out.set("x-forwarded-for", client);
    const node = client === null ? "" : client.includes(":") ? `for="[${client}]";` : `for=${client};`;
    out.set("forwarded", node + lease.forwarded);
    return out;
  }

  /** Sends a request under a lease; one that does not come out well goes on as the core says. */
  async function leased(request, headers, lease, journey, env, ctx) {
    const began = Date.now();
    const target = request.url.slice(lease.skip);
    const url = lease.base + (target.startsWith("/") ? target : `/${target}`);
    const careful = lease.repeats !== undefined && (request.body !== null || !lease.repeats.includes(request.method));
    const came = await tried(request, url, headers, lease, careful, journey, env);
    const outcome = outcomeOf(came);
    if (outcome >= 100 && outcome < 600 && !lease.again.some(([first, last]) => outcome >= first && outcome <= last)) {
      lease.count += 1;
      const append = lease.append.map(([name, value]) => [name, name === "server-timing" ? value + (Date.now() - began) : value]);
      return handedOn(came, request, lease, append, ctx);
    }
    // It holds for nobody any more.
    forget();
    revive();
    if (lease.count) wasm.count_ok(lease.route, lease.count);
    const response = typeof came === "number" ? undefined : came;
    const attempt = { origin: lease.origin, outcome, answered: fieldsOf(response?.headers ?? NONE), began };
    const said = wasm.on_leased_failure(inbound(request), attempt, env, ctx);
    return carry(said, request, journey, env, ctx, response, lease);
  }

  /** The answer to a request; nothing if it is for Vedette itself. */
  function carried(request, env, ctx) {
    const journey = { asked: false };
    const lost = (error) => open(request, error, journey.asked);
    try {
      const lease = leaseOf(request.url);
      const headers = lease && usual(request, lease);
      if (headers) return leased(request, headers, lease, journey, env, ctx).catch(lost);
      const first = wasm.on_request(inbound(request), env, ctx);
      return first && carry(first, request, journey, env, ctx).catch(lost);
    } catch (error) {
      return lost(error);
    }
  }

  return { carried, forget };
}
