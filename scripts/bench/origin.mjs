// An origin that is well, until it is killed, stopped, or told by SIGUSR2 to answer 500 and by
// another one to be well again. It counts its answers and says how many on /count. By PUT
// /mode/NAME it is told what it does with requests from then on: `ok`, `500`, `hang` (no answer),
// `reset` (breaks off in the middle of an answer) or `slow` (0.3 s); what it did with the orders
// that it was sent (POST, each with a number as its body) stands on /orders. Usage: node origin.mjs
// PORT

import { createServer } from "node:http";

let mode = "ok";
let count = 0;
const orders = {};

const body = '{"ok":true}';
const modes = {
  ok: (response) => response.end(body),
  500: (response) => response.writeHead(500).end("no"),
  hang: () => {},
  reset: (response) => {
    response.writeHead(200, { "content-length": body.length });
    response.write(body.slice(0, 4), () => response.destroy());
  },
  slow: (response) => setTimeout(() => response.end(body), 300),
};

process.on("SIGUSR2", () => (mode = mode === "500" ? "ok" : "500"));
const server = createServer((request, response) => {
  const { method, url } = request;
  if (url === "/count") return response.end(String(count));
  if (url === "/orders" && method === "GET") return response.end(JSON.stringify(orders));
  if (method === "PUT" && url.startsWith("/mode/")) {
    mode = url.slice("/mode/".length);
    return response.writeHead(mode in modes ? 204 : 404).end();
  }
  count += 1;
  if (method !== "POST") return modes[mode](response);
  let order = "";
  request.on("data", (part) => (order += part));
  request.on("end", () => {
    orders[order] = (orders[order] ?? 0) + 1;
    modes[mode](response);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(Number(process.argv[2]), "127.0.0.1", () => console.log("listens"));
