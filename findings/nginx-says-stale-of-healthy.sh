#!/usr/bin/env bash
# nginx with `proxy_cache_background_update` says STALE to a check although the origin is healthy.
#
# Expected: STALE means that nginx could not get a fresh answer; for an origin that answers, the
#   request that renews the copy says EXPIRED or REVALIDATED, and the others UPDATING.
# Happens:  the request that finds the copy expired starts the renewal in the background and is
#   itself answered with the old copy and STALE, at once. Where checks come more seldom than the
#   copy lasts, and nobody else asks, every check after the first says STALE.
# Versions: nginx 1.22.1 (Debian 1.22.1-9+deb12u11).
# Matters:  STALE under nginx's usual names (X-Cache-Status, X-Cache) neither proves nor disproves
#   the origin: with a dead origin (`proxy_cache_use_stale error`) the same word comes. Who takes
#   it for a failure takes out a healthy origin.
# Source:   nginx documentation: proxy_cache_background_update, proxy_cache_use_stale, and the
#   variable $upstream_cache_status. RFC 5861, section 3, stale-while-revalidate, is the idea.
#
# Exit code: 0 as stated, 1 otherwise now, 2 not set up.
set -u
stop() { echo "not set up: $1" >&2; exit 2; }
dir=$(mktemp -d) || stop "no temporary folder"
trap 'rm -rf "$dir"' EXIT
cd "$dir" || stop "no temporary folder"
timeout 90 apt-get download nginx=1.22.1-9+deb12u11 > apt.log 2>&1 || stop "apt-get download"
dpkg-deb --extract nginx_*.deb . || stop "dpkg-deb"

cat > look.mjs <<'EOF'
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";

let answered = 0;
const listening = (server) => new Promise((done) => {
  server.listen(0, "127.0.0.1", () => done(server.address().port));
});
const origin = await listening(createServer((_, response) => {
  answered += 1;
  response.setHeader("cache-control", "max-age=1").end("ok");
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
      proxy_cache_use_stale updating;
      proxy_cache_background_update on;
      add_header X-Cache-Status $upstream_cache_status;
    }
  }
}`);
const nginx = spawn("usr/sbin/nginx", [
  "-p", process.cwd(), "-c", "nginx.conf", "-e", "logs/error",
], { stdio: "ignore" });
process.on("exit", () => nginx.kill());
process.on("SIGTERM", () => process.exit(2));
const after = (ms) => new Promise((over) => setTimeout(over, ms));
const there = () => fetch(`http://127.0.0.1:${edge}/other`).catch(() => false);
for (let left = 100; !(await there()) && left > 0; left -= 1) await after(50);

answered = 0;
const status = [];
for (let check = 1; check <= 4; check += 1) {
  const answer = await fetch(`http://127.0.0.1:${edge}/health`);
  await answer.text();
  status.push(answer.headers.get("x-cache-status"));
  // Long enough for the renewal in the background, and for the copy of one second to expire.
  await after(2500);
  console.log(`check ${check}: nginx says ${status.at(-1)}; ` +
    `the origin has answered 200 ${answered} times`);
}
process.exit(status.join() === "MISS,STALE,STALE,STALE" && answered === 4 ? 0 : 10);
EOF

usr/sbin/nginx -v 2>&1
echo "expected: no STALE, for the origin answers 200 whenever it is asked"
timeout -k 5 40 node look.mjs
case $? in
  0) echo "happens:  every check but the first says STALE" ;;
  10) echo "CHANGED:  checks of a healthy origin do not all say STALE any more"; exit 1 ;;
  *) stop "the look did not come to its end" ;;
esac
