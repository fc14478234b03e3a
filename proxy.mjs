// Carries requests through a route: does what the core says (src/route/passage.rs), and tells it what came of it. It decides nothing.
//
// It is JavaScript because it holds what never enters wasm: bodies, and the promises of the platform. Bodies are handed from one side
// to the other unread.

/** What becomes of one attempt: `{ response }`, or the outcome as the core counts it. Once the headers are there nothing ends it. */
async function sent(request, headers, { url, patience }) {
  const controller = new AbortController();
  let outcome = 0;
  const timer = setTimeout(() => {
    outcome = 1;
    controller.abort();
  }, patience);
  try {
    const { method, body } = request;
    const response = await fetch(url, { method, headers, body, redirect: "manual", signal: controller.signal });
    return { response, outcome: response.status };
  } catch {
    return { outcome };
  } finally {
    clearTimeout(timer);
  }
}

/** The answer of an origin, with what is said of the way that it came. */
function handedOn(response, fields) {
  const answer = new Response(response.body, response);
  for (const [name, value] of fields) answer.headers.append(name, value);
  return answer;
}

/** What carries requests; `call` calls into a living instance of the wasm worker. */
export function carrier(wasm, call) {
  let removed;

  /** The header fields of a request as an origin gets them. */
  function outbound(request, { set, remove = [] }) {
    removed ??= wasm.removed_fields().split(" ");
    const headers = new Headers(request.headers);
    for (const name of removed) headers.delete(name);
    for (const name of remove) headers.delete(name);
    for (const [name, value] of set) headers.set(name, value);
    return headers;
  }

  /** Does what the first step says, and all that follow. */
  async function carry(first, request, env, ctx) {
    let headers;
    let response;
    for (let said = first; said !== undefined; ) {
      const step = JSON.parse(said);
      if (step.pass) return handedOn(response, step.pass);
      // An answer that is not handed on keeps its connection unless it is let go.
      response?.body?.cancel().catch(() => {});
      if (step.answer) return new Response(step.answer.body || null, step.answer);
      if (step.learn) {
        said = await call(() => wasm.learned(step.learn, step.pool, env, ctx));
        continue;
      }
      headers ??= outbound(request, step.send);
      let outcome;
      ({ response, outcome } = await sent(request, headers, step.send));
      said = wasm.returned(step.send.id, outcome, env, ctx);
    }
    throw new Error("the way of this request is not known any more");
  }

  /** The answer to a request; nothing if it is for Vedette itself. */
  return (request, env, ctx) => {
    const { method, url, headers } = request;
    const field = (name) => headers.get(name) ?? undefined;
    const first = wasm.depart(
      method,
      url,
      request.body !== null,
      field("connection"),
      field("upgrade"),
      field("via"),
      field("cdn-loop"),
      field("traceparent"),
      field("cf-connecting-ip"),
      env,
      ctx,
    );
    return first && carry(first, request, env, ctx);
  };
}
