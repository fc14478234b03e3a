#!/usr/bin/env bash
# A fetch in workerd leaves out the fields `Connection`, `Host`, `Keep-Alive` and `TE` without a
# word.
#
# Expected: `Connection: close` on a fetch ends the connection after the answer, as it does with
#   curl or any HTTP library; or, if it may not be set, the call throws.
# Happens:  the call succeeds, the origin never sees the field, and the next fetch comes over the
#   same connection. The same goes for `Host`: the name in the address is sent instead.
# Versions: workerd 1.20261117.1, compatibility date 2026-11-01.
# Matters:  a checker at the edge cannot ask for a new connection of its own for each check. While
#   checks come more often than the idle timeout, they prove the connection that is kept: a
#   listener that takes nobody new goes unseen. Nor can a check reach a virtual host by its
#   address.
# Source:   RFC 9110, 7.6.1 (Connection); RFC 9112, 9.6 (close). The Fetch standard has these among
#   the fields that a page in a browser may not set.
#
# Exit code: 0 as stated, 1 otherwise now, 2 not set up.
set -u
stop() { echo "not set up: $1" >&2; exit 2; }
dir=$(mktemp -d) || stop "no temporary folder"
trap 'rm -rf "$dir"' EXIT
cd "$dir" || stop "no temporary folder"
timeout 170 npm install --silent --no-audit --no-fund --prefix "$dir" workerd@1.20261117.1 \
  > npm.log 2>&1 || stop "npm install"

cat > config.capnp <<'EOF'
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      compatibilityDate = "2026-11-01",
      modules = [(name = "worker.js", esModule = embed "worker.js")],
    )),
    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
EOF
cat > worker.js <<'EOF'
const headers = {
  "connection": "close", "host": "other.example", "keep-alive": "timeout=1", "te": "trailers",
  "x-other": "arrives",
};
export default {
  async fetch(request) {
    const origin = new URL(request.url).searchParams.get("origin");
    const seen = [];
    for (let n = 0; n < 2; n += 1) seen.push(await (await fetch(origin, { headers })).json());
    return Response.json(seen);
  },
};
EOF
cat > look.mjs <<'EOF'
import { spawn } from "node:child_process";
import { createServer } from "node:http";

const numbers = new Map();
const numberOf = (socket) => {
  if (!numbers.has(socket)) numbers.set(socket, numbers.size + 1);
  return numbers.get(socket);
};
const origin = createServer((request, response) => {
  response.end(JSON.stringify({ connection: numberOf(request.socket), fields: request.headers }));
});
await new Promise((listening) => origin.listen(0, "127.0.0.1", listening));

const runtime = spawn("node_modules/.bin/workerd", ["serve", "--control-fd=3", "config.capnp"], {
  stdio: ["ignore", "inherit", "inherit", "pipe"],
});
process.on("exit", () => runtime.kill());
process.on("SIGTERM", () => process.exit(2));
const port = await new Promise((found, failed) => {
  runtime.on("exit", () => failed(new Error("workerd ended")));
  runtime.stdio[3].on("data", (said) => found(/"port":(\d+)/.exec(said)?.[1]));
});

const at = `http://127.0.0.1:${origin.address().port}`;
const seen = await (await fetch(`http://127.0.0.1:${port}/?origin=${at}`)).json();
console.log("set on each fetch: connection, host, keep-alive, te, x-other");
for (const { connection, fields } of seen) {
  console.log(`seen by the origin: connection ${connection}, fields ${JSON.stringify(fields)}`);
}
const asStated = seen.length === 2 && seen.every(({ connection, fields }) =>
  connection === 1 && fields["x-other"] === "arrives" && fields.host !== "other.example" &&
  !("connection" in fields) && !("keep-alive" in fields) && !("te" in fields));
process.exit(asStated ? 0 : 10);
EOF

echo "workerd 1.20261117.1"
echo "expected: Connection: close is sent, and each fetch has a connection of its own"
timeout -k 5 40 node look.mjs
case $? in
  0) echo "happens:  the fields are left out in silence, and the connection is kept" ;;
  10) echo "CHANGED:  the fields are not left out any more, or not all of them"; exit 1 ;;
  *) stop "the look did not come to its end" ;;
esac
