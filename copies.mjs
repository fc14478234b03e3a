// @ts-check
// Copies of answers, which stand in when no origin answers. Which are kept, for how long and under
// which key, the core says (src/proxy/copy.rs); this keeps them.
//
// A copy is the bytes as they came, whatever their coding. Fields on which the Cache API would act
// by itself are kept under other names.

/** Addresses of which is remembered that a copy was kept just now. */
const COPIES_MOST = 1000;

/** When a copy was kept. */
const KEPT_AT = "vedette-kept-at";

/** The latest purge of which was known then. */
const KNOWN = "vedette-kept-knowing";

/**
 * Fields on which the Cache API acts by itself: by these it would refuse, encode or drop a copy.
 */
const ASIDE = [
  "age",
  "cache-control",
  "cdn-cache-control",
  "cloudflare-cdn-cache-control",
  "content-encoding",
  "expires",
  "pragma",
  "vary",
];
const aside = (/** @type {string} */ name) => `vedette-copy-${name}`;

/** All of a body, if it is as long as was announced; nothing if it breaks off, or is longer.
 *  @param {ReadableStream} body @param {number} length */
async function whole(body, length) {
  const bytes = new Uint8Array(length);
  let at = 0;
  for await (const part of body) {
    if (at + part.length > length) return;
    bytes.set(part, at);
    at += part.length;
  }
  return at === length ? bytes : undefined;
}

/**
 * What keeps copies. `keep` is the word of the core on whether one is kept of an answer.
 * @param {(request: Request, status: number, headers: Headers) => import("./types/worker.js").Keep
 *   | undefined} keep
 */
export function copies(keep) {
  /** Until when no further copy is kept, by address.
   *  @type {Map<string, number>} */
  const keptUntil = new Map();

  /**
   * @param {import("./types/worker.js").Keep} kept @param {ReadableStream} body
   * @param {Headers} headers @param {number} now
   */
  async function put({ key, ttl, length, known }, body, headers, now) {
    const bytes = await whole(body, length);
    if (bytes === undefined) throw new Error("the answer broke off");
    for (const name of ASIDE) {
      const value = headers.get(name);
      if (value !== null) headers.set(aside(name), value);
      headers.delete(name);
    }
    headers.set("cache-control", `max-age=${Math.ceil(ttl / 1000)}`);
    headers.set(KEPT_AT, String(now));
    headers.set(KNOWN, String(known ?? 0));
    await caches.default.put(key, new Response(bytes, { headers }));
  }

  /** The body of an answer, of which a copy is kept on the way, if the core says so.
   *  @param {Request} request @param {Response} answer @param {ExecutionContext} ctx */
  function copied(request, answer, ctx) {
    const { body, status, headers } = answer;
    if (body === null || Date.now() < (keptUntil.get(request.url) ?? 0)) return body;
    const kept = keep(request, status, headers);
    if (!kept) return body;
    const now = Date.now();
    if (keptUntil.size >= COPIES_MOST) keptUntil.clear();
    keptUntil.set(request.url, now + kept.anew);
    const [one, other] = body.tee();
    ctx.waitUntil(put(kept, other, new Headers(headers), now).catch(() => keptUntil.delete(request.url)));
    return one;
  }

  /**
   * The copy of a key, with its age; nothing if there is none, or if it was kept without knowing of
   * the purge `cleared`.
   * @param {string} key @param {Pick<Request, "method" | "url">} request
   * @param {number} [cleared]
   */
  async function copyOf(key, request, cleared) {
    try {
      const copy = await caches.default.match(key);
      if (copy === undefined) return;
      if (cleared !== undefined && !(Number(copy.headers.get(KNOWN)) >= cleared)) {
        copy.body?.cancel().catch(() => {});
        keptUntil.delete(request.url);
        return;
      }
      const headers = new Headers(copy.headers);
      const came = Number(copy.headers.get(aside("age"))) || 0;
      const age = came + Math.max(0, Math.round((Date.now() - Number(copy.headers.get(KEPT_AT))) / 1000));
      for (const name of [KEPT_AT, KNOWN, "cf-cache-status", ...ASIDE]) headers.delete(name);
      for (const name of ASIDE) {
        const value = copy.headers.get(aside(name));
        if (value !== null) headers.set(name, value);
        headers.delete(aside(name));
      }
      headers.set("age", String(age));
      if (request.method === "HEAD") {
        copy.body?.cancel().catch(() => {});
        return new Response(null, { status: copy.status, headers });
      }
      // Its bytes are coded already.
      return new Response(copy.body, { status: copy.status, headers, encodeBody: "manual" });
    } catch {
      // A cache that fails has no copy.
    }
  }

  return { copied, copyOf };
}
