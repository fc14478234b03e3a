// The way of a request when the wasm worker cannot be asked: to the first origin of its route. It reads the compiled
// configuration itself, needs nothing else, and is slow; it is for errors of our own only.

/** What the next of us is told, so that two workers in trouble do not send a request round in a circle. */
const MARK = "vedette-open";

const problem = (status, title, detail) =>
  new Response(JSON.stringify({ type: "urn:vedette:problem:own-error", title, status, detail }), {
    status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store", "proxy-status": "vedette; error=proxy_internal_error" },
  });

/** The answer to a request that failed with us after an origin was asked. */
export const askedAlready = () =>
  problem(502, "An error of our own", "The request failed on its way after an origin was asked, so it was not sent again.");

/** What says who asks; a client may have forged it, also with underscores, which some servers cannot tell from dashes. */
const FORGED = /^(?:forwarded|x-forwarded-.*|x-real-ip)$/;
const FORGED_IN_CGI = /^(?:cf-.*|true-client-ip)$/;
const isForged = (name) => {
  const dashed = name.replaceAll("_", "-");
  return FORGED.test(dashed) || (dashed !== name && FORGED_IN_CGI.test(dashed));
};

/** A path that would leave its route at the next reader: a separator in an escape beside dots. */
const LEAVES = /(?:\.|%(?:25)*2e)(?:%(?:25)*(?:2f|5c)|\\)|(?:%(?:25)*(?:2f|5c)|\\)(?:\.|%(?:25)*2e)/i;

/** An escape of a character that needs none: it is the character. */
const NEEDLESS = /%(?:4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae]|3[0-9]|2[de])/gi;

/** What a client may have written of its own address, and is none. */
const ADDRESS = /^[0-9a-f.:]+$/i;

/** Whether a path lies under a prefix that ends where a segment ends. */
const isUnder = (path, prefix) => prefix === "" || path === prefix || path.startsWith(`${prefix}/`);

/** What is left of a path below a prefix that it lies under, however its letters are escaped. */
const below = (path, prefix) => {
  const left = path.split("/").slice(prefix.split("/").length);
  return left.map((segment) => `/${segment}`).join("");
};

/** The address that a request is let through to; nothing if it is not for a route. */
export function firstOrigin(compiled, request) {
  const { routes = [], pools = [] } = JSON.parse(compiled).config ?? {};
  const { hostname, pathname, search } = new URL(request.url);
  if (LEAVES.test(pathname)) return;
  const plain = pathname.replace(NEEDLESS, decodeURIComponent);
  const host = hostname.replace(/\.$/, "");
  const loopback = /^(localhost|127\.[\d.]+|\[::1\])$/.test(host);
  const own = routes.filter((route) => route.host === host);
  const here = own.length ? own : routes.filter((route) => route.host === "*" && !loopback);
  if (here.length === 0 || isUnder(plain, "/.vedette")) return;
  const bare = (route) => route.path.replace(/\/+$/, "");
  const [route] = here.filter((route) => isUnder(plain, bare(route))).sort((one, other) => other.path.length - one.path.length);
  const origins = pools.find(({ name }) => name === route?.pool)?.origins ?? [];
  const [first] = [...origins].sort((one, other) => one.priority - other.priority);
  if (first === undefined) return;
  const { https, host: at, port, prefix } = first.url;
  const path = route.strip_prefix ? below(pathname, bare(route)) : pathname;
  return `${https ? "https" : "http"}://${at}${port ? `:${port}` : ""}${prefix}${path.startsWith("/") ? path : `/${path}`}${search}`;
}

/** Sends a request there. */
export async function letThrough(url, request) {
  const loop = request.headers.get("cdn-loop") ?? "";
  if (loop.includes(MARK)) return problem(508, "Loop detected", "The request has been let through here already.");
  if (request.bodyUsed) {
    return problem(502, "An error of our own", "The request failed on its way, and its body was sent already, so it was not sent again.");
  }
  const headers = new Headers(request.headers);
  for (const name of [...headers.keys()].filter(isForged)) headers.delete(name);
  const { host, protocol } = new URL(request.url);
  headers.set("x-forwarded-host", host);
  headers.set("x-forwarded-proto", protocol.slice(0, -1));
  const client = headers.get("cf-connecting-ip");
  if (client !== null && ADDRESS.test(client)) headers.set("x-forwarded-for", client);
  headers.set("cdn-loop", loop ? `${loop}, ${MARK}` : MARK);
  try {
    // Made of the request itself, so that its body goes along whatever the method is.
    const response = await fetch(new Request(url, request), { headers, redirect: "manual" });
    const answer = new Response(response.body, response);
    answer.headers.append("proxy-status", "vedette; error=proxy_internal_error; details=\"let through to the first origin\"");
    return answer;
  } catch {
    return problem(502, "No answer from an origin", "The request was let through to the first origin of its route, which does not answer.");
  }
}
