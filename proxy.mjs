// Carries requests through a route: does what the core says (src/proxy/passage.rs), and tells it what came of it. It decides nothing.
//
// It is JavaScript because it holds what never enters wasm: bodies, and the promises of the platform. Bodies are handed from one side
// to the other unread. While nothing changes it sends requests under a lease (src/proxy/lease.rs), without a step into wasm.

/** Outcomes of an attempt that are no status. */
const BROKE_OFF = 0;
const TOO_LATE = 1;

/** Leases that are kept, by address; of very many the latest count. */
const LEASES_MOST = 1000;

/** What an address must not have to go under a lease: the core looks at it first. A dot after a slash may be a path of Vedette's own. */
const UNUSUAL = /\/\.|\\|%2e|#/i;

/** The longest address that goes under a lease; the core says what is too long. */
const LONGEST = 8192;

/** Addresses of which is remembered that a copy was kept just now. */
const COPIES_MOST = 1000;

/** Fields of a copy: when it was kept, and the `Cache-Control` of the answer that it is of. */
const KEPT_AT = "vedette-kept-at";
const CONTROL = "vedette-cache-control";

const ORDINARY_CONNECTION = /^(?:keep-alive|close)$/i;
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** A trace that begins here (W3C Trace Context). */
function trace() {
  const id = crypto.randomUUID().replaceAll("-", "");
  return `00-${id}-${id.slice(16)}-00`;
}

/** A body on its way: what is sent, and the promise that it is sent whole. It is pumped by the runtime, unread. */
function pumped({ body, headers }) {
  const length = headers.get("content-length");
  const { readable, writable } = length === null ? new IdentityTransformStream() : new FixedLengthStream(Number(length));
  return { body: readable, whole: body.pipeTo(writable) };
}

/** One attempt: the response, once its headers are there, or how there came to be none. The origin's time begins when it has the
 *  request, body and all, and ends with the headers: a body may take its time in either direction. An attempt that is too late is let go with
 *  the request that it belongs to. */
const sent = (request, url, headers, patience) =>
  new Promise((resolve) => {
    let timer;
    const done = (outcome) => {
      clearTimeout(timer);
      timer = null;
      resolve(outcome);
    };
    const wait = () => {
      if (timer !== null) timer = setTimeout(done, patience, TOO_LATE);
    };
    const init = { method: request.method, headers, redirect: "manual" };
    if (request.body === null) {
      wait();
    } else {
      const { body, whole } = pumped(request);
      init.body = body;
      // An origin that answers before it has all need not take the rest.
      whole.then(wait, () => {});
    }
    const answered = (response) => {
      // One that comes after its time is nobody's any more, and must not keep its connection.
      if (timer === null) response.body?.cancel().catch(() => {});
      else done(response);
    };
    fetch(url, init).then(answered, () => done(BROKE_OFF));
  });

const fieldsOf = ({ headers }) => ({ field: (name) => headers.get(name) ?? undefined });

const outcomeOf = (came) => (typeof came === "number" ? came : came.status);

/** The answer of an origin, with what is said of the way that it came. */
function handedOn(response, fields) {
  const answer = new Response(response.body, response);
  for (const [name, value] of fields) answer.headers.append(name, value);
  return answer;
}

/** What carries requests. `revive` makes a crashed instance of the wasm worker live again, `call` waits for a call into a living one,
 *  `note` takes note of an error that may be a crash, and `open` answers a request whose way was lost to one. */
export function carrier({ wasm, revive, call, note, open }) {
  let removed;
  /** The fields that no origin gets as the client sent them, but for those that the runtime itself leaves out. */
  const unsaid = () => (removed ??= wasm.removed_fields().split(" "));

  /** Leases by the part of an address that decides where it goes, and by authority how much of it that is. */
  const leases = new Map();
  const depths = new Map();

  /** Until when no further copy is kept, by address. */
  const copiedUntil = new Map();

  const inbound = (request) => ({
    method: request.method,
    url: request.url,
    body: request.body !== null,
    ...fieldsOf(request),
  });

  /** The header fields of a request as an origin gets them. */
  function outbound(request, { set, remove = [] }) {
    const headers = new Headers(request.headers);
    for (const name of unsaid()) headers.delete(name);
    for (const name of remove) headers.delete(name);
    for (const [name, value] of set) headers.set(name, value);
    return headers;
  }

  /** Does what the first step says, and all that follow. `response` is an answer that is at hand already. */
  async function carry(first, request, env, ctx, response) {
    let headers;
    let copies;
    for (let step = JSON.parse(first); ; ) {
      if (step.pass) return handedOn(copies ? copied(request, response, ctx) : response, step.pass);
      if (step.copy) {
        const copy = await copyOf(step.copy.key);
        if (copy === undefined) {
          step = step.else;
          continue;
        }
        response?.body?.cancel().catch(() => {});
        return handedOn(copy, step.copy.append);
      }
      // An answer that is not handed on keeps its connection unless it is let go.
      response?.body?.cancel().catch(() => {});
      if (step.answer) return new Response(step.answer.body || null, step.answer);
      let said;
      if (step.learn) {
        said = await call(() => wasm.learned(step.learn, step.pool, env, ctx));
      } else {
        const { id, url, patience, lease } = step.send;
        ({ copies } = step.send);
        if (lease) keep(request.url, lease);
        headers ??= outbound(request, step.send);
        const came = await sent(request, url, headers, patience);
        response = typeof came === "number" ? undefined : came;
        revive();
        said = wasm.returned(id, outcomeOf(came), env, ctx);
      }
      // The instance that knew this request has crashed meanwhile.
      if (said === undefined && response) return response;
      if (said === undefined) throw new Error("the way of this request is not known any more");
      step = JSON.parse(said);
    }
  }

  /** The copy of a key, with its age; nothing if there is none. */
  async function copyOf(key) {
    try {
      const copy = await caches.default.match(key);
      if (copy === undefined) return;
      const answer = new Response(copy.body, copy);
      const [kept, control] = [Number(copy.headers.get(KEPT_AT)), copy.headers.get(CONTROL)];
      for (const name of [KEPT_AT, CONTROL, "cf-cache-status"]) answer.headers.delete(name);
      if (control === null) answer.headers.delete("cache-control");
      else answer.headers.set("cache-control", control);
      answer.headers.set("age", String(Math.max(0, Math.round((Date.now() - kept) / 1000))));
      return answer;
    } catch {
      // A cache that fails has no copy.
    }
  }

  /** The word of the core on whether a copy is kept: `{ key, ttl, anew }`, or nothing. An error of ours is no reason to lose an answer. */
  function keeping(request, response) {
    if (Date.now() < (copiedUntil.get(request.url) ?? 0) || response.body === null) return;
    try {
      const said = wasm.keep_copy(inbound(request), response.status, fieldsOf(response));
      return said && JSON.parse(said);
    } catch (error) {
      note(error);
    }
  }

  /** An answer of which a copy is kept on the way, if the core says so. */
  function copied(request, response, ctx) {
    const kept = keeping(request, response);
    if (!kept) return response;
    const now = Date.now();
    if (copiedUntil.size >= COPIES_MOST) copiedUntil.clear();
    copiedUntil.set(request.url, now + kept.anew);
    const [one, other] = response.body.tee();
    const copy = new Response(other, response);
    const control = response.headers.get("cache-control");
    if (control !== null) copy.headers.set(CONTROL, control);
    copy.headers.set("cache-control", `max-age=${Math.ceil(kept.ttl / 1000)}`);
    copy.headers.set(KEPT_AT, String(now));
    copy.headers.delete("vary");
    ctx.waitUntil(caches.default.put(kept.key, copy).catch(() => copiedUntil.delete(request.url)));
    return new Response(one, response);
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

  function keep(url, lease) {
    const path = pathOf(url);
    if (path < 0 || url.length > LONGEST) return;
    if (leases.size >= LEASES_MOST) forget();
    const authority = url.slice(0, path);
    const key = keyOf(url, path, lease.depth);
    depths.set(authority, lease.depth);
    const set = lease.set.map(([name]) => name).concat("forwarded", "x-forwarded-for");
    const unset = unsaid().filter((name) => !set.includes(name));
    leases.set(key, { ...lease, unset, skip: path + lease.strip, count: 0 });
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
    if (lease.count) wasm.went_well(lease.route, lease.count);
  }

  /** The header fields of a request under a lease; nothing if there is something about it that the core has to see. */
  function usual({ headers }, lease) {
    const connection = headers.get("connection");
    if (connection !== null && !ORDINARY_CONNECTION.test(connection)) return;
    const [via, loop, client, parent] = [headers.get("via"), headers.get("cdn-loop"), headers.get("cf-connecting-ip"), headers.get("traceparent")];
    if (via?.includes("vedette") || loop?.includes("vedette") || headers.has("upgrade")) return;
    if (parent !== null && !TRACEPARENT.test(parent)) return;
    const out = new Headers(headers);
    for (const name of lease.unset) out.delete(name);
    for (const [name, value] of lease.set) out.set(name, value);
    out.set("via", via ? `${via}, 1.1 ${lease.pseudonym}` : `1.1 ${lease.pseudonym}`);
    out.set("cdn-loop", loop ? `${loop}, ${lease.pseudonym}` : lease.pseudonym);
    if (client === null) out.delete("x-forwarded-for");
    else out.set("x-forwarded-for", client);
    const node = client === null ? "" : client.includes(":") ? `for="[${client}]";` : `for=${client};`;
    out.set("forwarded", node + lease.forwarded);
    if (parent === null) out.set("traceparent", trace());
    return out;
  }

  /** Sends a request under a lease; one that does not come out well goes on as the core says. */
  async function leased(request, headers, lease, env, ctx) {
    const began = Date.now();
    const target = request.url.slice(lease.skip);
    const url = lease.base + (target.startsWith("/") ? target : `/${target}`);
    const came = await sent(request, url, headers, lease.patience);
    const outcome = outcomeOf(came);
    if (outcome > TOO_LATE && !lease.again.some(([first, last]) => outcome >= first && outcome <= last)) {
      lease.count += 1;
      const from = lease.copies && request.method === "GET" ? copied(request, came, ctx) : came;
      const answer = new Response(from.body, from);
      for (const [name, value] of lease.append) {
        answer.headers.append(name, name === "server-timing" ? value + (Date.now() - began) : value);
      }
      return answer;
    }
    // It holds for nobody any more.
    forget();
    try {
      revive();
      if (lease.count) wasm.went_well(lease.route, lease.count);
      const said = wasm.stumbled(inbound(request), lease.origin, outcome, began, env, ctx);
      return await carry(said, request, env, ctx, outcome > TOO_LATE ? came : undefined);
    } catch (error) {
      return open(request, error);
    }
  }

  /** The answer to a request; nothing if it is for Vedette itself. */
  function carried(request, env, ctx) {
    try {
      const lease = leaseOf(request.url);
      const headers = lease && usual(request, lease);
      if (headers) return leased(request, headers, lease, env, ctx);
      const first = wasm.depart(inbound(request), env, ctx);
      return first && carry(first, request, env, ctx).catch((error) => open(request, error));
    } catch (error) {
      return open(request, error);
    }
  }

  return { carried, forget };
}
