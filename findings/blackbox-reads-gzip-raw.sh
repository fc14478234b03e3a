#!/usr/bin/env bash
# The blackbox exporter matches its regular expressions against compressed bytes when the origin
# compresses by itself, and calls them the uncompressed length.
#
# Expected: the exporter, which is written in Go, undoes gzip as Go's HTTP client does by default.
# Happens:  an answer with `Content-Encoding: gzip` stays as it is:
#   `fail_if_body_not_matches_regexp` fails on a body that has the text, and
#   probe_http_uncompressed_body_length is the length in gzip. It is undone only if the module says
#   `compression: gzip`. In neither case does it send an Accept-Encoding.
# Versions: blackbox_exporter 0.23.0 (Debian 0.23.0-4+b4).
# Matters:  the exporter asks without Accept-Encoding, and an origin or CDN may then use any
#   coding. A checker that undoes gzip (workerd does) passes the same answer: the two disagree on a
#   healthy origin, from the day on which somebody turns compression on.
# Source:   RFC 9110, 12.5.3 (without Accept-Encoding any coding is acceptable); the exporter's
#   configuration manual, `compression`.
#
# Exit code: 0 as stated, 1 otherwise now, 2 not set up.
set -u
stop() { echo "not set up: $1" >&2; exit 2; }
dir=$(mktemp -d) || stop "no temporary folder"
trap 'rm -rf "$dir"' EXIT
cd "$dir" || stop "no temporary folder"
timeout 90 apt-get download prometheus-blackbox-exporter=0.23.0-4+b4 > apt.log 2>&1 ||
  stop "apt-get download"
dpkg-deb --extract prometheus-blackbox-exporter_*.deb . || stop "dpkg-deb"

cat > config.yml <<'EOF'
modules:
  as_it_is:
    prober: http
    http:
      preferred_ip_protocol: ip4
      fail_if_body_not_matches_regexp: ['"status":"pass"']
  told_so:
    prober: http
    http:
      preferred_ip_protocol: ip4
      compression: gzip
      fail_if_body_not_matches_regexp: ['"status":"pass"']
EOF
cat > look.mjs <<'EOF'
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { gzipSync } from "node:zlib";

const body = JSON.stringify({ status: "pass", output: "x".repeat(500) });
const packed = gzipSync(body);
const listening = (server) => new Promise((done) => {
  server.listen(0, "127.0.0.1", () => done(server.address().port));
});
const asked = [];
const origin = await listening(createServer(({ url, headers }, response) => {
  asked.push(headers["accept-encoding"] ?? "none");
  if (url === "/gzip") response.setHeader("content-encoding", "gzip").end(packed);
  else response.end(body);
}));
const spare = createServer();
const port = await listening(spare);
await new Promise((closed) => spare.close(closed));
const exporter = spawn("usr/bin/prometheus-blackbox-exporter", [
  "--config.file=config.yml", `--web.listen-address=127.0.0.1:${port}`, "--log.level=error",
], { stdio: "inherit" });
process.on("exit", () => exporter.kill());
process.on("SIGTERM", () => process.exit(2));
const at = `http://127.0.0.1:${port}`;
for (let left = 100; left > 0; left -= 1) {
  if (await fetch(at).then((answer) => answer.text(), () => false)) break;
  await new Promise((over) => setTimeout(over, 100));
}

const seen = [];
for (const probe of ["as_it_is /plain", "as_it_is /gzip", "told_so /gzip"]) {
  const [module, path] = probe.split(" ");
  const target = `http://127.0.0.1:${origin}${path}`;
  const metrics = await (await fetch(`${at}/probe?module=${module}&target=${target}`)).text();
  const [success, length] = ["probe_success", "probe_http_uncompressed_body_length"]
    .map((name) => new RegExp(`^${name} (\\d+)$`, "m").exec(metrics)?.[1]);
  seen.push(success, length);
  console.log(`${module}, ${path}: probe_success ${success}, probe_http_uncompressed_body_length ` +
    `${length}; the origin saw Accept-Encoding: ${asked.at(-1)}`);
}
console.log(`the body has ${body.length} bytes, ${packed.length} in gzip`);
const stated = ["1", body.length, "0", packed.length, "1", body.length].join();
process.exit(seen.join() === stated ? 0 : 10);
EOF

echo "blackbox_exporter 0.23.0"
echo "expected: probe_success 1 for each, for each body has the text"
timeout -k 5 40 node look.mjs
case $? in
  0) echo "happens:  the body in gzip does not match, and its length is that of the gzip" ;;
  10) echo "CHANGED:  the exporter takes gzip otherwise than stated"; exit 1 ;;
  *) stop "the look did not come to its end" ;;
esac
