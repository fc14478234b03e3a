#!/usr/bin/env bash
# When an origin begins to answer before it has all of an upload in chunks, and the client then
# breaks off, workerd ends the upload towards the origin as if it were whole.
#
# Expected: the origin sees the connection end without the last chunk, as it does directly, and
#   takes the message for incomplete.
# Happens:  once the answer has begun, dropping either side of the fetch has the runtime send the
#   last chunk first. A body handed on as it came is torn when the client half-closes, and
#   ends well when it resets; one that the worker pumps ends well in both; after a complete answer every
#   upload ends well, also of a client that is still sending. Aborting the fetch, cancelling the
#   answer first, and both in turn change nothing. With a Content-Length nothing ends well.
# Versions: workerd 1.20261117.1, compatibility date 2026-11-01.
# Matters:  an application that answers as it reads (a converter, an echo, a bulk import) takes the
#   first part of what it was to get for all of it.
# Source:   RFC 9112, 8: a message without its last chunk is incomplete. In the runtime's HTTP
#   library the writer of a chunked body sends the last chunk when it is dropped between two
#   writes, and a pipe whose writing end is dropped ends well.
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
// What of a body has ended badly is not to end it well: the pump is only told to abort.
function pumped(body, length) {
  const { readable, writable } = length === null ? new IdentityTransformStream() : new FixedLengthStream(Number(length));
  const aborting = new AbortController();
  const whole = () => writable.close();
  body.pipeTo(writable, { preventAbort: true, preventClose: true }).then(whole, () => aborting.abort()).catch(() => {});
  return { body: readable, signal: aborting.signal };
}
export default {
  fetch(request) {
    const { searchParams } = new URL(request.url);
    const origin = searchParams.get("origin");
    if (searchParams.get("way") === "as it came") return fetch(new Request(origin, request));
    return fetch(origin, { method: "POST", ...pumped(request.body, request.headers.get("content-length")) });
  },
};
EOF
cat > look.mjs <<'EOF'
import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";

// Answers as told as soon as a request begins, and says how the request ended.
let answer, ended, latest;
const origin = createServer((socket) => {
  let said = "";
  const end = (how) => socket === latest && ended(how);
  socket.on("error", () => end("torn"));
  socket.on("end", () => (socket.end(), end("torn")));
  socket.on("data", (bytes) => {
    // The next request on a connection that was kept.
    if (String(bytes).startsWith("POST ")) {
      said = "";
      latest = socket;
      socket.write(answer);
    }
    said += bytes;
    if (said.endsWith("0\r\n\r\n")) end("whole");
  });
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

const target = encodeURIComponent(`http://127.0.0.1:${origin.address().port}/`);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms, "left open"));
const BEGUN = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n";
const COMPLETE = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const CHUNKS = ["Transfer-Encoding: chunked", "5\r\nhello\r\n"];
const LENGTH = ["Content-Length: 100", "hello"];
let asStated = true;
for (const [what, way, begins, [head, part], leave, wanted] of [
  ["begun, the client half-closes", "as it came", BEGUN, CHUNKS, "end", "torn"],
  ["begun, the client resets", "as it came", BEGUN, CHUNKS, "resetAndDestroy", "whole"],
  ["begun, the client half-closes", "pumped", BEGUN, CHUNKS, "end", "whole"],
  ["begun, the client resets", "pumped", BEGUN, CHUNKS, "resetAndDestroy", "whole"],
  ["complete, the client goes on", "as it came", COMPLETE, CHUNKS, undefined, "whole"],
  ["complete, the client goes on", "pumped", COMPLETE, CHUNKS, undefined, "whole"],
  ["begun, a length, the client half-closes", "pumped", BEGUN, LENGTH, "end", "torn"],
]) {
  [answer, latest] = [begins, undefined];
  const end = new Promise((resolve) => (ended = resolve));
  const client = connect(port, "127.0.0.1");
  client.on("error", () => {});
  const answered = new Promise((resolve) => client.once("data", resolve));
  client.write(`POST /?origin=${target}&way=${encodeURIComponent(way)} HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n${part}`);
  await answered;
  await pause(100);
  if (leave) client[leave]();
  const got = await Promise.race([end, pause(3000)]);
  client.destroy();
  console.log(`${`${way}; the answer is ${what}`.padEnd(62)} the origin takes it for: ${got}`);
  asStated &&= got === wanted;
}
process.exit(asStated ? 0 : 10);
EOF

echo "workerd 1.20261117.1"
echo "expected: what the client did not send whole is torn"
timeout -k 5 40 node look.mjs
case $? in
  0) echo "happens:  it arrives as whole where the answer has begun before" ;;
  10) echo "CHANGED:  uploads end otherwise than stated"; exit 1 ;;
  *) stop "the look did not come to its end" ;;
esac
