// A worker that sends each request to the origin that Vedette names for a pool, and follows it when
// that changes.
//
// Vedette is asked through a service binding: no network, no counted request. A signal may be acted
// upon for its `ttl`; one request then asks again, and the others go where they went before. Where
// no signal is to be had, the last one goes on.

/** The last signal: `{ url, revision, taken, until }`. */
let known;

/**
 * A binding resolves no name. No route carries requests for `localhost`, so Vedette itself answers
 * there.
 */
const VEDETTE = "https://localhost";

/**
 * How long the follower waits for an answer of Vedette, in milliseconds; how often it asks at most;
 * and how old a copy may be on the free plan.
 */
const TIMEOUT = 500;
const PAUSE = 1000;
const BEHIND = 10_000;

async function signal(env) {
  const now = Date.now();
  if (known && now < known.until) return known;
  // Others who come meanwhile do not ask as well.
  if (known) known = { ...known, until: now + TIMEOUT };
  try {
    const answer = await env.VEDETTE.fetch(`${VEDETTE}/route/${env.POOL}`, { signal: AbortSignal.timeout(TIMEOUT) });
    // 503 says that every origin fails. Anything else but 200 is no signal.
    if (answer.status !== 200 && answer.status !== 503) throw new Error(`Vedette answers ${answer.status}`);
    const { url, revision, ttl } = await answer.json();
    const until = now + Math.max(ttl * 1000, PAUSE);
    // Whoever answered may have a copy that is behind what is known already.
    const behind = known && revision < known.revision && now - known.taken < BEHIND;
    known = behind ? { ...known, until } : { url, revision, taken: now, until };
  } catch (error) {
    console.warn(`the last signal goes on: ${error.message}`);
  }
  return known;
}

export default {
  async fetch(request, env) {
    const { url } = (await signal(env)) ?? {};
    if (!url) return new Response("no origin is up\n", { status: 503, headers: { "retry-after": "5" } });
    const target = new URL(url);
    const { pathname, search } = new URL(request.url);
    target.pathname = target.pathname.replace(/\/$/, "") + pathname;
    target.search = search;
    return fetch(new Request(target, request), { redirect: "manual" });
  },
};
