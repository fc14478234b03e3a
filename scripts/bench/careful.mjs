// A peer of the proxy: a JavaScript worker that does by hand what a proxy has to do.

/**
 * A trace of two random numbers of 16 and 8 bytes, which records nothing (W3C Trace Context,
 * section 3.2).
 */
const BEGUN = `if (!headers.has("traceparent")) {
      const random = crypto.getRandomValues(new Uint8Array(24));
      const hex = Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
      headers.set("traceparent", "00-" + hex.slice(0, 32) + "-" + hex.slice(32) + "-00");
    }`;

/**
 * The careful peer: a worker that does by hand what a proxy has to do, for one fixed origin. It
 * sets the fields that say who asks and where the request has been. It sets a deadline for the
 * response headers, and says how the answer came. It decides nothing, and tries nothing again.
 * With `begins` it begins a trace for a request that has none.
 */
export const careful = (origin, { begins = false } = {}) => `
const forged = ["proxy-connection", "x-forwarded-port", "x-forwarded-prefix", "x-forwarded-server", "x-real-ip"];
export default {
  async fetch(request) {
    const url = new URL(request.url);
    const headers = new Headers(request.headers);
    for (const name of forged) headers.delete(name);
    const loop = headers.get("cdn-loop");
    if (loop?.includes("careful")) return new Response("loop", { status: 508 });
    headers.set("cdn-loop", loop ? loop + ", careful" : "careful");
    headers.set("via", "1.1 careful");
    const client = headers.get("cf-connecting-ip");
    if (client) headers.set("x-forwarded-for", client);
    headers.set("x-forwarded-host", url.host);
    headers.set("x-forwarded-proto", url.protocol.slice(0, -1));
    headers.set("forwarded", "host=" + url.host + ";proto=" + url.protocol.slice(0, -1));
    ${begins ? BEGUN : ""}
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), 10_000);
    const began = Date.now();
    const init = { method: request.method, headers, body: request.body, redirect: "manual", signal: controller.signal };
    const response = await fetch("${origin}" + url.pathname + url.search, init);
    clearTimeout(timer);
    const answer = new Response(response.body, response);
    answer.headers.append("via", "1.1 careful");
    answer.headers.append("proxy-status", "careful; next-hop=primary");
    answer.headers.append("server-timing", "careful;dur=" + (Date.now() - began));
    return answer;
  },
};`;
