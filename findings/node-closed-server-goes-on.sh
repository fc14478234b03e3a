#!/usr/bin/env bash
# After server.close() in Node.js a connection that was busy at that moment is served for as long
# as its client goes on asking, with `Connection: keep-alive`, while nobody else can connect.
#
# Expected: close() lets the request under way finish, says `Connection: close` with its answer and
#   ends the connection; since version 19 it closes idle connections by itself.
# Happens:  only what is idle at the moment of close() is closed. The busy connection gets its
#   answer with `Connection: keep-alive`, and every later request on it is answered 200. The
#   process does not exit before the client stops.
# Versions: Node.js 20.20.2 or 22, whichever is there (seen with both).
# Matters:  a checker on a kept connection sees 200 from a server that refuses everybody else,
#   keeps it from exiting, and so holds up the restart that it should notice. While shutting down,
#   answer the check with 503 or `Connection: close`, or call closeIdleConnections() again and
#   again.
# Source:   Node.js documentation, http server.close() and server.closeIdleConnections().
#
# Exit code: 0 as stated, 1 otherwise now, 2 not set up.
set -u
stop() { echo "not set up: $1" >&2; exit 2; }
dir=$(mktemp -d) || stop "no temporary folder"
trap 'rm -rf "$dir"' EXIT
cd "$dir" || stop "no temporary folder"

cat > served.mjs <<'EOF'
import { createServer } from "node:http";

const server = createServer(({ url }, response) => {
  setTimeout(() => response.end("ok"), url === "/slow" ? 1000 : 0);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.on("SIGTERM", () => server.close(() => process.exit(0)));
EOF
cat > look.mjs <<'EOF'
import { spawn } from "node:child_process";
import { Agent, get } from "node:http";

const server = spawn(process.execPath, ["served.mjs"], { stdio: ["ignore", "pipe", "inherit"] });
process.on("exit", () => server.kill("SIGKILL"));
process.on("SIGTERM", () => process.exit(2));
let over = false;
const ended = new Promise((done) => server.on("exit", () => done((over = true))));
const port = Number(await new Promise((said) => server.stdout.once("data", said)));
const after = (ms) => new Promise((passed) => setTimeout(passed, ms));

const asked = (path, agent) => new Promise((seen) => {
  get({ host: "127.0.0.1", port, path, agent }, (answer) => {
    answer.resume().on("end", () => seen(`${answer.statusCode}, ${answer.headers.connection}`));
  }).on("error", ({ code }) => seen(code));
});

const kept = new Agent({ keepAlive: true, maxSockets: 1 });
const slow = asked("/slow", kept);
await after(300);
server.kill("SIGTERM");
const seen = [await slow];
console.log(`under way at close(): ${seen[0]}`);
for (let second = 1; second <= 8; second += 1) {
  await after(1000);
  seen.push(await asked("/health", kept));
  const another = await asked("/health", new Agent());
  console.log(`${second} s later: kept connection ${seen.at(-1)}; new connection ${another}`);
  if (another !== "ECONNREFUSED" || over) seen.push("served or gone");
}
kept.destroy();
const exits = await Promise.race([ended, after(10_000).then(() => false)]);
console.log(exits ? "the process exits once the client has gone" : "the process does not exit");
process.exit(exits && seen.every((one) => one === "200, keep-alive") ? 0 : 10);
EOF

echo "Node.js $(node --version)"
echo "expected: the answer under way says Connection: close, and is the last one"
timeout -k 5 40 node look.mjs
case $? in
  0) echo "happens:  whoever has the connection is served on, longer than the 5 s of keep-alive" ;;
  10) echo "CHANGED:  a closed server does not go on as stated any more"; exit 1 ;;
  *) stop "the look did not come to its end" ;;
esac
