#!/usr/bin/env bash
# A fetch with `cache: "no-store"` in workerd, behind nginx as a cache, is answered by that cache.
#
# Expected: "no-store" goes past every cache, and each fetch reaches the origin.
# Happens:  workerd sends `Cache-Control: no-cache` and `Pragma: no-cache` (what a browser sends
#   for "reload"), and nginx looks at neither: the second fetch is a HIT, and the origin is asked
#   once. Each of the two alone is documented; that they meet is what surprises.
# Versions: workerd 1.20261117.1, nginx 1.22.1 (Debian 1.22.1-9+deb12u11).
# Matters:  a check that is sure to ask the origin anew goes on passing from nginx's copy after the
#   origin's death. The path of the check must be left out of the cache (`proxy_no_cache`,
#   `proxy_cache_bypass $http_cache_control`, or `no-store` in the origin's answer).
# Source:   RFC 9111, 5.2.1.4 (no-cache in a request), which nginx's proxy module does not follow;
#   Cloudflare's documentation of `cache` in Workers.
#
# Exit code: 0 as stated, 1 otherwise now, 2 not set up.
set -u
stop() { echo "not set up: $1" >&2; exit 2; }
dir=$(mktemp -d) || stop "no temporary folder"
trap 'rm -rf "$dir"' EXIT
cd "$dir" || stop "no temporary folder"
timeout 170 npm install --silent --no-audit --no-fund --prefix "$dir" workerd@1.20261117.1 \
  > npm.log 2>&1 || stop "npm install"
timeout 90 apt-get download nginx=1.22.1-9+deb12u11 > apt.log 2>&1 || stop "apt-get download"
dpkg-deb --extract nginx_*.deb . || stop "dpkg-deb"

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
export default {
  async fetch(request) {
    const origin = new URL(request.url).searchParams.get("origin");
    const { headers } = await fetch(origin, { cache: "no-store" });
    return Response.json(Object.fromEntries(headers));
  },
};
EOF
cat > look.mjs <<'EOF'
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";

let asked = 0;
const listening = (server) => new Promise((done) => {
  server.listen(0, "127.0.0.1", () => done(server.address().port));
});
const origin = await listening(createServer((_, response) => {
  asked += 1;
  response.setHeader("cache-control", "max-age=60").end("ok");
}));
const spare = createServer();
const edge = await listening(spare);
await new Promise((closed) => spare.close(closed));

mkdirSync("logs", { recursive: true });
const temps = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
  .map((name) => `${name}_temp_path logs/${name};`).join(" ");
writeFileSync("nginx.conf", `
${process.getuid() === 0 ? "user root;" : ""}
daemon off; pid logs/pid; error_log logs/error; events {}
http {
  access_log off; ${temps}
  proxy_cache_path logs/cache keys_zone=copies:1m;
  server {
    listen 127.0.0.1:${edge};
    location / {
      proxy_pass http://127.0.0.1:${origin};
      proxy_cache copies;
      add_header X-Cache-Status $upstream_cache_status;
      add_header X-Was-Asked "$http_cache_control, $http_pragma";
    }
  }
}`);
const options = ["-p", process.cwd(), "-c", "nginx.conf", "-e", "logs/error"];
const children = [
  spawn("usr/sbin/nginx", options, { stdio: "ignore" }),
  spawn("node_modules/.bin/workerd", ["serve", "--control-fd=3", "config.capnp"], {
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  }),
];
process.on("exit", () => children.forEach((child) => child.kill()));
process.on("SIGTERM", () => process.exit(2));
const port = await new Promise((found, failed) => {
  for (const child of children) child.on("exit", () => failed(new Error("a server ended")));
  children[1].stdio[3].on("data", (said) => found(/"port":(\d+)/.exec(said)?.[1]));
});
const there = () => fetch(`http://127.0.0.1:${edge}/other`).catch(() => false);
const after = (ms) => new Promise((over) => setTimeout(over, ms));
for (let left = 100; !(await there()) && left > 0; left -= 1) await after(50);
asked = 0;
const status = [];
for (const time of ["first", "second", "third"]) {
  const origin = `http://127.0.0.1:${edge}/health`;
  const fields = await (await fetch(`http://127.0.0.1:${port}/?origin=${origin}`)).json();
  status.push(fields["x-cache-status"]);
  console.log(`${time}: nginx was asked with "${fields["x-was-asked"]}" and says ` +
    `${fields["x-cache-status"]}; the origin has been asked ${asked} times`);
}
process.exit(asked === 1 && status.join() === "MISS,HIT,HIT" ? 0 : 10);
EOF

echo "workerd 1.20261117.1, $(usr/sbin/nginx -v 2>&1)"
echo "expected: three fetches with no-store, and the origin is asked three times"
timeout -k 5 40 node look.mjs
case $? in
  0) echo "happens:  the origin is asked once" ;;
  10) echo "CHANGED:  nginx does not answer such a fetch from its copy any more"; exit 1 ;;
  *) stop "the look did not come to its end" ;;
esac
