#!/usr/bin/env bash
# nginx as a cache does not take an answer's Age off its max-age, and hands the same Age out for
# ever.
#
# Expected: an answer with `Cache-Control: max-age=4` and `Age: 3` is fresh for one second more,
#   and the Age that the cache hands out grows.
# Happens:  nginx keeps it for the whole four seconds, and says `Age: 3` in the fourth second too.
#   Of an answer that comes without Age its copies have none at any time.
# Versions: nginx 1.22.1 (Debian 1.22.1-9+deb12u11).
# Matters:  behind two caches the copy of a health answer is older than its max-age allows, by up
#   to one max-age for each nginx on the way. And Age cannot tell how old a proof is: absent or
#   small says nothing once an nginx is on the way.
# Source:   RFC 9111, 4.2.3 (age of a stored answer) and 5.1 (Age must be generated on reuse).
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

const listening = (server) => new Promise((done) => {
  server.listen(0, "127.0.0.1", () => done(server.address().port));
});
const origin = await listening(createServer(({ url }, response) => {
  response.setHeader("cache-control", "max-age=4");
  if (url === "/aged") response.setHeader("age", "3");
  response.end("ok");
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

const seen = [];
const begun = performance.now();
for (const second of [0, 2.5, 6]) {
  await after(begun + second * 1000 - performance.now());
  for (const path of ["/aged", "/plain"]) {
    const { headers } = await fetch(`http://127.0.0.1:${edge}${path}`);
    const [status, age] = [headers.get("x-cache-status"), headers.get("age") ?? "none"];
    seen.push(`${status} ${age}`);
    console.log(`${path} after ${second} s: ${status}, Age: ${age}`);
  }
}
process.exit(seen.join() === "MISS 3,MISS none,HIT 3,HIT none,EXPIRED 3,EXPIRED none" ? 0 : 10);
EOF

usr/sbin/nginx -v 2>&1
echo "expected: /aged (max-age=4, Age: 3) has expired after 2.5 s; the Age of a HIT grows"
timeout -k 5 40 node look.mjs
case $? in
  0) echo "happens:  it is a HIT with the Age it came with; what came without Age has none" ;;
  10) echo "CHANGED:  nginx counts Age otherwise than stated"; exit 1 ;;
  *) stop "the look did not come to its end" ;;
esac
