#!/usr/bin/env bash
# @godaddy/terminus compares the whole request target with the path of the health check: with a
# query, or a slash at the end, the application answers in its place.
#
# Expected: GET /health?probe=1 asks the same health check as GET /health does.
# Happens:  /health answers 503, as it should with a database that is down; /health?probe=1 and
#   /health/ go to the application, whose page answers 200 for every path.
# Versions: @godaddy/terminus 4.12.1.
# Matters:  a checker that puts a query behind the path, to get past caches, sees a green page in
#   place of a red health check, for good. An expected Content-Type or word in the body shows it.
# Source:   none found: the documentation shows paths only.
#
# Exit code: 0 as stated, 1 otherwise now, 2 not set up.
set -u
stop() { echo "not set up: $1" >&2; exit 2; }
dir=$(mktemp -d) || stop "no temporary folder"
trap 'rm -rf "$dir"' EXIT
cd "$dir" || stop "no temporary folder"
timeout 170 npm install --silent --no-audit --no-fund --prefix "$dir" @godaddy/terminus@4.12.1 \
  > npm.log 2>&1 || stop "npm install"

cat > look.mjs <<'EOF'
import { createServer } from "node:http";
import { createTerminus } from "@godaddy/terminus";

const server = createServer((_, response) => response.end("<h1>The shop</h1>"));
createTerminus(server, {
  healthChecks: {
    "/health": async () => {
      throw new Error("the database is down");
    },
  },
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));

const seen = [];
for (const path of ["/health", "/health?probe=1", "/health/"]) {
  const answer = await fetch(`http://127.0.0.1:${server.address().port}${path}`);
  seen.push(answer.status);
  console.log(`${path}: ${answer.status} ${await answer.text()}`);
}
process.exit(seen.join() === "503,200,200" ? 0 : 10);
EOF

echo "@godaddy/terminus 4.12.1, Node.js $(node --version), one check that fails"
echo "expected: 503 for each"
timeout -k 5 40 node look.mjs
case $? in
  0) echo "happens:  with a query or a slash behind the path, the application answers 200" ;;
  10) echo "CHANGED:  terminus matches its path otherwise than stated"; exit 1 ;;
  *) stop "the look did not come to its end" ;;
esac
