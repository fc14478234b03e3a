// The same application in Node.js, which drains as its manual says: SIGTERM has it take no more
// connections, and end with the last one. Usage: ORDERS=FILE node server.mjs PORT

import { appendFileSync } from "node:fs";
import { createServer } from "node:http";

const server = createServer((request, response) => {
  let number = "";
  request.on("data", (part) => (number += part));
  request.on("end", () => {
    if (request.method === "POST") appendFileSync(process.env.ORDERS, `${number}\n`);
    response.setHeader("content-type", "application/json").end('{"ok":true}');
  });
});
server.listen(Number(process.argv[2]), "127.0.0.1");
process.on("SIGTERM", () => server.close(() => process.exit(0)));
