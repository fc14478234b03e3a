// A load that does not wait: so many requests a second, whatever becomes of those before. What is
// waited for shows in the figures.

import { Agent, request as send } from "node:http";

/**
 * One request; how long it took and what came of it. An answer whose headers came and whose body
 * did not is `begun`. `said` is its `Proxy-Status`.
 */
function one({ port, host, agent, path, method, body, deadlineMs }) {
  return new Promise((resolve) => {
    const begun = performance.now();
    const done = (outcome) => resolve({ method, body, ms: performance.now() - begun, at: begun, ...outcome });
    let status;
    const options = { host: "127.0.0.1", port, path, method, headers: { host }, agent };
    const asked = send(options, (answer) => {
      status = answer.statusCode;
      answer.resume();
      answer.on("end", () => done({ status, good: status < 400, said: answer.headers["proxy-status"] }));
      answer.on("error", () => done({ status, good: false, begun: true }));
    });
    const end = setTimeout(() => asked.destroy(new Error("given up")), deadlineMs);
    asked.on("close", () => clearTimeout(end));
    asked.on("error", (error) => done({ error: error.message, good: false, begun: status !== undefined }));
    asked.end(body);
  });
}

let order = 0;

/**
 * Sends `rate` requests a second for `seconds`, and returns every outcome. One of `postEvery` is a
 * POST of a number of its own. With `anew` each has a connection of its own.
 */
export async function openLoop({ port, host, rate = 300, seconds, postEvery = 10, anew = false, deadlineMs = 20_000 }) {
  const agent = new Agent({ keepAlive: !anew, maxSockets: Infinity });
  const outcomes = [];
  const begun = performance.now();
  const total = Math.round(rate * seconds);
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - begun) / 1000) * rate) + 1);
    for (; sent < due; sent += 1) {
      const posts = sent % postEvery === postEvery - 1;
      const body = posts ? String((order += 1)) : undefined;
      outcomes.push(
        one({ port, host, agent, path: posts ? "/order" : `/orders/${sent}`, method: posts ? "POST" : "GET", body, deadlineMs }),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const all = await Promise.all(outcomes);
  agent.destroy();
  return all;
}
