#!/usr/bin/env bash
# A plain urllib3 request asks a 503 with Retry-After four times, and in between waits as long as
# the server says, whatever its timeout is.
#
# Expected: PoolManager().request("GET", url, timeout=1) gives the 503 back within a second: by
#   default only connections that fail are tried again, and no status code is listed for retries.
# Happens:  413, 429 and 503 with a Retry-After are tried again without being listed (the default
#   is three more times), with a sleep of Retry-After before each. The timeout is for each try and
#   does not cover the sleep. Without Retry-After the 503 comes back at once, after one try.
#   requests, which stands on urllib3, turns all this off.
# Versions: urllib3 2.5.0, requests 2.34.2.
# Matters:  a checker or a follower in Python takes minutes to say what the first answer said, and
#   asks an origin that is down four times as often. Health endpoints that send Retry-After with
#   their 503 should keep it small; clients write retries=False.
# Source:   urllib3 documentation, Retry: respect_retry_after_header, RETRY_AFTER_STATUS_CODES, and
#   Retry.DEFAULT. RFC 9110, 10.2.3 for the field.
#
# Exit code: 0 as stated, 1 otherwise now, 2 not set up.
set -u
stop() { echo "not set up: $1" >&2; exit 2; }
dir=$(mktemp -d) || stop "no temporary folder"
trap 'rm -rf "$dir"' EXIT
cd "$dir" || stop "no temporary folder"
timeout 170 python3 -m pip install --quiet --no-compile --target packages urllib3==2.5.0 \
  requests==2.34.2 > pip.log 2>&1 || stop "pip install"

cat > look.py <<'EOF'
import http.server, sys, threading, time

import requests
import urllib3

tries = 0


class Down(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        global tries
        tries += 1
        self.send_response(503)
        if self.path == "/wait":
            self.send_header("Retry-After", "2")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Down)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
at = f"http://127.0.0.1:{server.server_port}"


def look(what, ask):
    global tries
    tries, begun = 0, time.monotonic()
    status = ask()
    took = time.monotonic() - begun
    print(f"{what}: {status} after {took:.1f} s, asked {tries} times")
    return status, tries, took >= 5.9


pool = urllib3.PoolManager()


def plain(path, **options):
    return lambda: pool.request("GET", at + path, timeout=1, **options).status


seen = [
    look("urllib3, 503 with Retry-After: 2", plain("/wait")),
    look("urllib3, 503 without it", plain("/")),
    look("urllib3, 503 with Retry-After: 2, retries=False", plain("/wait", retries=False)),
    look("requests, 503 with Retry-After: 2",
         lambda: requests.get(at + "/wait", timeout=1).status_code),
]
once = (503, 1, False)
sys.exit(0 if seen == [(503, 4, True), once, once, once] else 10)
EOF

echo "urllib3 2.5.0, requests 2.34.2, timeout=1 in all calls"
echo "expected: each asks once, and takes a second at most"
PYTHONPATH=packages timeout -k 5 40 python3 look.py
case $? in
  0) echo "happens:  by default urllib3 asks four times and takes three times Retry-After" ;;
  10) echo "CHANGED:  urllib3 takes a 503 with Retry-After otherwise than stated"; exit 1 ;;
  *) stop "the look did not come to its end" ;;
esac
