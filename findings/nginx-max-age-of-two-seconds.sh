#!/usr/bin/env bash
# nginx as a cache keeps an answer of `max-age=1` for up to two seconds.
#
# Expected: what may be kept for one second is asked for anew after one second.
# Happens:  nginx counts whole seconds of the clock, and the second in which a copy ends counts to
#   its end. An answer that arrives at the beginning of a second is a HIT 1.6 s later; one that
#   arrives near the end of a second has expired after 1.2 s.
# Versions: nginx 1.22.1 (Debian 1.22.1-9+deb12u11).
# Matters:  who gives out health with a short max-age, so that nobody sees an old answer, has to
#   count a second more for each nginx on the way. For max-age=1 that is twice as old.
# Source:   RFC 9111, 4.2 (an answer is fresh while its age is below its lifetime).
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
const origin = await listening(createServer((_, response) => {
  response.setHeader("cache-control", "max-age=1");
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
const asked = async (path) => {
  const { headers } = await fetch(`http://127.0.0.1:${edge}${path}`);
  return headers.get("x-cache-status");
};
for (let left = 100; !(await asked("/other").catch(() => false)) && left > 0; left -= 1) {
  await after(50);
}

const seen = [];
for (const [path, begin, wait] of [["/early", 100, 1600], ["/late", 800, 1250]]) {
  // Three tries: a busy machine may miss the moment.
  for (let left = 3; left > 0; left -= 1) {
    await after((2000 + begin - (Date.now() % 1000)) % 1000 + 1000);
    const first = Date.now();
    const target = `${path}${left}`;
    await asked(target);
    const stored = Date.now();
    await after(first + wait - Date.now());
    const status = await asked(target);
    if (stored - first > 60 || Date.now() - first > wait + 60) continue;
    seen.push(`${path} ${status}`);
    console.log(`stored ${first % 1000} ms into a second, asked again after ${wait} ms: ${status}`);
    break;
  }
}
if (seen.length < 2) process.exit(2);
process.exit(seen.join() === "/early HIT,/late EXPIRED" ? 0 : 10);
EOF

usr/sbin/nginx -v 2>&1
echo "expected: both have expired, a second is over"
timeout -k 5 60 node look.mjs
case $? in
  0) echo "happens:  the one that was stored early in a second is a HIT for 1.6 s and more" ;;
  10) echo "CHANGED:  nginx counts seconds otherwise than stated"; exit 1 ;;
  *) stop "the look did not come to its end" ;;
esac
