#!/usr/bin/env bash
# In workerd performance.now() is Date.now(): whole milliseconds since 1970.
#
# Expected: as in browsers and in Node.js, performance.now() counts from the start, has fractions
#   of a millisecond, and goes on evenly when the wall clock is set.
# Happens:  timeOrigin is 0, and now() is the wall clock in whole milliseconds.
# Versions: workerd 1.20261117.1, compatibility date 2026-11-01; Node.js beside it for comparison.
# Matters:  a checker that times an origin by performance.now() times it by the wall clock: what
#   answers within a millisecond took 0 ms, and where the wall clock is set, so is the latency. A
#   bound on the latency has to allow for both.
# Source:   W3C High Resolution Time (a monotonic clock, counted from timeOrigin); Cloudflare's
#   documentation of the performance API in Workers (coarse on purpose, because of side channels).
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
export default {
  async fetch(request) {
    const origin = new URL(request.url).searchParams.get("origin");
    const took = [];
    for (let n = 0; n < 10; n += 1) {
      const begun = performance.now();
      await (await fetch(origin)).text();
      took.push(performance.now() - begun);
    }
    const [before, now, after] = [Date.now(), performance.now(), Date.now()];
    return Response.json({ timeOrigin: performance.timeOrigin, before, now, after, took });
  },
};
EOF
cat > look.mjs <<'EOF'
import { spawn } from "node:child_process";
import { createServer } from "node:http";

const origin = createServer((_, response) => response.end());
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
console.log(`Node.js ${process.versions.node}: timeOrigin ${performance.timeOrigin}, ` +
  `now() ${performance.now()}`);
console.log(`workerd: timeOrigin ${seen.timeOrigin}, now() ${seen.now}, Date.now() ${seen.before}`);
console.log(`workerd: ten fetches took ${seen.took.join(", ")} ms`);
const asStated = seen.timeOrigin === 0 && seen.before <= seen.now && seen.now <= seen.after &&
  seen.took.every(Number.isInteger);
process.exit(asStated ? 0 : 10);
EOF

echo "workerd 1.20261117.1"
echo "expected: a clock of its own that counts from the start, with fractions"
timeout -k 5 40 node look.mjs
case $? in
  0) echo "happens:  performance.now() is the wall clock in whole milliseconds" ;;
  10) echo "CHANGED:  performance.now() is not the wall clock in whole milliseconds"; exit 1 ;;
  *) stop "the look did not come to its end" ;;
esac
