#!/usr/bin/env bash
# @fastify/under-pressure asks a health check that fails at the start only that once, and answers
# 503 on every route from then on, although the check would pass.
#
# Expected: `healthCheck` is asked for each request of /status, or at some interval by default;
#   when what it looks at recovers, so does the server. And it decides about /status, not all
#   routes.
# Happens:  without `healthCheckInterval` the check runs once while the server starts. If it fails
#   there (a database that comes up a second later), each route is 503 until a restart, and the
#   check is never asked again. If it passes there, a later failure makes /status 503 and leaves
#   the other routes alone.
# Versions: @fastify/under-pressure 9.2.0, fastify 5.12.8.
# Matters:  after a common outage the database recovers and the servers that were restarted
#   meanwhile do not: a checker rightly says down, and waiting does not help. `Retry-After: 10` in
#   the answers says otherwise.
# Source:   the plugin's manual describes healthCheckInterval as optional, and not this.
#
# Exit code: 0 as stated, 1 otherwise now, 2 not set up.
set -u
stop() { echo "not set up: $1" >&2; exit 2; }
dir=$(mktemp -d) || stop "no temporary folder"
trap 'rm -rf "$dir"' EXIT
cd "$dir" || stop "no temporary folder"
timeout 170 npm install --silent --no-audit --no-fund --prefix "$dir" fastify@5.12.8 \
  @fastify/under-pressure@9.2.0 > npm.log 2>&1 || stop "npm install"

cat > look.mjs <<'EOF'
import underPressure from "@fastify/under-pressure";
import Fastify from "fastify";

/** Starts with a database that is up or not, turns it round, and gives what is answered then. */
async function look(upAtStart) {
  let [up, asked] = [upAtStart, 0];
  const server = Fastify();
  server.register(underPressure, {
    exposeStatusRoute: true,
    healthCheck: async () => {
      asked += 1;
      return up;
    },
  });
  server.get("/", async () => "the shop");
  const at = await server.listen({ port: 0, host: "127.0.0.1" });
  up = !upAtStart;
  await new Promise((over) => setTimeout(over, 2500));
  const seen = [];
  for (const path of ["/status", "/", "/status", "/"]) {
    const answer = await fetch(at + path);
    await answer.text();
    seen.push(`${path} ${answer.status}`);
  }
  const times = asked;
  console.log(`${upAtStart ? "up, then down" : "down, then up"}: ${seen.join(", ")}; ` +
    `the check was asked ${times} times`);
  await server.close();
  return `${seen.join(" ")} ${upAtStart || times}`;
}

const seen = [await look(false), await look(true)];
process.exit(seen[0] === "/status 503 / 503 /status 503 / 503 1" &&
  seen[1] === "/status 503 / 200 /status 503 / 200 true" ? 0 : 10);
EOF

echo "@fastify/under-pressure 9.2.0, fastify 5.12.8, Node.js $(node --version)"
echo "expected: down, then up: 200 everywhere"
timeout -k 5 40 node look.mjs
case $? in
  0) echo "happens:  what was down at the start is 503 on every route for good" ;;
  10) echo "CHANGED:  the check at the start does not decide for good any more"; exit 1 ;;
  *) stop "the look did not come to its end" ;;
esac
