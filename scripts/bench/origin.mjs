// An origin that is well, until it is killed. Usage: node origin.mjs PORT

import { createServer } from "node:http";

const server = createServer((_, response) => response.end('{"ok":true}'));
server.keepAliveTimeout = 60_000;
server.listen(Number(process.argv[2]), "127.0.0.1", () => console.log("listens"));
