// The peer: a worker that answers a health request in JavaScript by hand, as one writes it for this platform. It has our bytes and
// header fields as we gave them when it was made, checks method, path and `If-None-Match`, and does nothing else.

/** The peer's source for answers of ours, by path: `{ status, headers, body }`. */
export const source = (answers) => `
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
