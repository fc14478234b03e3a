// The peers: workers that give our answers in JavaScript by hand. They have our bytes and header
// fields as we gave them when the peers were made. They check method, path and `If-None-Match`, and
// do nothing else: they watch nothing and refresh nothing.

/**
 * The peer, as one writes it for this platform. `answers` are ours by path: `{ status, headers,
 * body }`.
 */
export const usual = (answers) => `
const answers = new Map(Object.entries(${JSON.stringify(answers)}));

export default {
  fetch(request) {
    const { pathname } = new URL(request.url);
    const answer = answers.get(pathname);
    if (answer === undefined) return new Response("Not found", { status: 404 });
    if (request.method !== "GET" && request.method !== "HEAD")
      return new Response("Method not allowed", { status: 405, headers: { allow: "GET, HEAD" } });
    const { status, headers, body } = answer;
    if (request.headers.get("if-none-match") === headers.etag) return new Response(null, { status: 304, headers });
    return new Response(request.method === "HEAD" ? null : body, { status, headers });
  },
};
`;

/**
 * The same with nothing left to save: no URL is parsed, and the header fields are made once. What a
 * static answer can cost at the least.
 */
export const lean = (answers) => `
const made = ({ status, headers, body }) => ({ etag: headers.etag, body, init: { status, headers: new Headers(headers) } });
const answers = new Map(Object.entries(${JSON.stringify(answers)}).map(([path, answer]) => [path, made(answer)]));

export default {
  fetch(request) {
    const { method, url } = request;
    const answer = answers.get(url.slice(url.indexOf("/", 8)));
    if (answer === undefined) return new Response("Not found", { status: 404 });
    if (method !== "GET" && method !== "HEAD")
      return new Response("Method not allowed", { status: 405, headers: { allow: "GET, HEAD" } });
    const { etag, body, init } = answer;
    if (request.headers.get("if-none-match") === etag) return new Response(null, { status: 304, headers: init.headers });
    return new Response(method === "HEAD" ? null : body, init);
  },
};
`;
