// An origin that is well, until it is killed, stopped, or told by SIGUSR2 to answer 500 and by another one to be well again. It counts
// its answers and says how many on /count.
// Usage: node origin.mjs PORT

import { createServer } from "node:http";

let broken = false;
let count = 0;
process.on("SIGUSR2", () => (broken = !broken));
const server = createServer((request, response) => {
  if (request.url === "/count") return response.end(String(count));
  count += 1;
  return broken ? response.writeHead(500).end("no") : response.end('{"ok":true}');
});
server.keepAliveTimeout = 60_000;
server.listen(Number(process.argv[2]), "127.0.0.1", () => console.log("listens"));
