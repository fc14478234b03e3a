#!/usr/bin/env bash
# koa-server-timing writes Server-Timing in the syntax of before 2018, with a number that is
# neither milliseconds nor seconds.
#
# Expected: `Server-Timing: db;dur=300;desc="db query"`, in milliseconds, as browsers show it.
# Happens:  `db-query=0.30; "db query"` for 300 ms, and the same for 30 ms: seconds, a point, and
#   the first two digits of the milliseconds. The duration stands behind the name, the description
#   has no name, and neither is a parameter, so today's readers find names without durations. The
#   npm package server-timing, run here beside it, sends `dur` and `desc`, one line for each
#   metric.
# Versions: koa-server-timing 0.2.2 on koa 2.16.4; server-timing 3.3.3.
# Matters:  a check that bounds the time in the database finds the field and no duration in it. It
#   must take that for "not stated": read as 0 ms, or as 0.30 ms by a lenient reader, all is well.
# Source:   W3C Server Timing, the Server-Timing header field (metric-name, then parameters with
#   names, `dur` and `desc`).
#
# Exit code: 0 as stated, 1 otherwise now, 2 not set up.
set -u
stop() { echo "not set up: $1" >&2; exit 2; }
dir=$(mktemp -d) || stop "no temporary folder"
trap 'rm -rf "$dir"' EXIT
cd "$dir" || stop "no temporary folder"
timeout 170 npm install --silent --no-audit --no-fund --prefix "$dir" koa-server-timing@0.2.2 \
  koa@2.16.4 server-timing@3.3.3 > npm.log 2>&1 || stop "npm install"

cat > look.mjs <<'EOF'
import { createServer, get } from "node:http";
import Koa from "koa";
import koaTiming from "koa-server-timing";
import timing from "server-timing";

const after = (ms) => new Promise((over) => setTimeout(over, ms));
const application = new Koa();
application.use(koaTiming());
application.use(async (context) => {
  for (const [span, ms] of [["db query", 30], ["slow query", 300]]) {
    context.state.timings.startSpan(span);
    await after(ms);
    context.state.timings.stopSpan(span);
  }
  context.body = "ok";
});
const middleware = timing();
const other = (request, response) => middleware(request, response, async () => {
  response.startTime("db", "db query");
  await after(30);
  response.endTime("db");
  response.end("ok");
});

/** The field as it came, every line of it. */
const field = (handler) => new Promise((seen) => {
  const server = createServer(handler).listen(0, "127.0.0.1", () => {
    get({ host: "127.0.0.1", port: server.address().port }, (answer) => {
      answer.resume().on("end", () => server.close());
      const { rawHeaders } = answer;
      seen(rawHeaders.filter((_, at) => /^server-timing$/i.test(rawHeaders[at - 1] ?? "")));
    });
  });
});

const [old, today] = [await field(application.callback()), await field(other)];
console.log(`koa-server-timing: ${old.join(" / ")}`);
console.log(`server-timing:     ${today.join(" / ")}`);
const stated = /^total=[\d.]+, db-query=0\.\d+; "db query", slow-query=0\.\d+; "slow query"$/;
process.exit(old.length === 1 && stated.test(old[0]) &&
  today.some((line) => /^db; dur=[\d.]+; desc="db query"$/.test(line)) ? 0 : 10);
EOF

echo "koa-server-timing 0.2.2, koa 2.16.4, server-timing 3.3.3, Node.js $(node --version)"
echo "expected: a parameter dur, 30 ms in one metric and 300 ms in the other"
timeout -k 5 40 node look.mjs
case $? in
  0) echo "happens:  koa-server-timing has no dur, and less than 1 stands for 300 ms as for 30" ;;
  10) echo "CHANGED:  koa-server-timing writes something else now"; exit 1 ;;
  *) stop "the look did not come to its end" ;;
esac
