#!/usr/bin/env bash
# With `http-check expect string` HAProxy keeps a server up that answers 503.
#
# Expected: a rule for the body is one more condition; a 503 is down, whatever its body says.
# Happens:  without a rule any 2xx or 3xx is up. The first rule takes the place of that: with one
#   for the body, or for a header field, the code is not looked at any more, and a 503 whose body
#   has the text is UP. A second rule, `http-check expect status 200`, brings the code back: both
#   must hold.
# Versions: HAProxy 2.6.12 (Debian 2.6.12-1+deb12u4).
# Matters:  a health document of a service that fails has words of parts that are well. A rule that
#   looks for one of them turns a check that worked by the code into one that never fails.
# Source:   HAProxy configuration manual, "http-check expect".
#
# Exit code: 0 as stated, 1 otherwise now, 2 not set up.
set -u
stop() { echo "not set up: $1" >&2; exit 2; }
dir=$(mktemp -d) || stop "no temporary folder"
trap 'rm -rf "$dir"' EXIT
cd "$dir" || stop "no temporary folder"
timeout 90 apt-get download haproxy=2.6.12-1+deb12u4 liblua5.3-0 libopentracing1 \
  libopentracing-c-wrapper0 > apt.log 2>&1 || stop "apt-get download"
for package in *.deb; do dpkg-deb --extract "$package" . || stop "dpkg-deb"; done
library=$(dirname "$(find "$dir/usr/lib" -name 'liblua5.3.so*' | head -n 1)")
export LD_LIBRARY_PATH="$library"
usr/sbin/haproxy -v > haproxy.log 2>&1 || stop "HAProxy does not run: $(head -n 1 haproxy.log)"

cat > look.py <<'EOF'
import csv, http.server, os, signal, socket, subprocess, sys, threading, time

signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
BODY = b'{"status":"fail","checks":{"cache":{"status":"pass"},"database":{"status":"fail"}}}'


class Failing(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503)
        self.send_header("Content-Type", "application/health+json")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Failing)
server.handle_error = lambda *_: None
threading.Thread(target=server.serve_forever, daemon=True).start()
SEND = "http-check send meth GET uri /health ver HTTP/1.1 hdr Host shop.example.com"
RULES = {
    "no_rule": [],
    "body": ['http-check expect string "pass"'],
    "header": ['http-check expect hdr name "content-type" value "application/health+json"'],
    "body_and_code": ["http-check expect status 200", 'http-check expect string "pass"'],
}
with open("haproxy.cfg", "w") as config:
    config.write(f"""
global
  stats socket {os.getcwd()}/haproxy.sock
defaults
  mode http
  timeout connect 2s
  timeout check 2s
""")
    for name, rules in RULES.items():
        lines = "\n  ".join(["option httpchk", SEND, *rules])
        config.write(f"backend {name}\n  {lines}\n"
                     f"  server shop 127.0.0.1:{server.server_port} check inter 500 fall 2\n")


def stats():
    with socket.socket(socket.AF_UNIX) as control:
        control.connect("haproxy.sock")
        control.sendall(b"show stat\n")
        said = b"".join(iter(lambda: control.recv(65536), b"")).decode()
    rows = csv.DictReader(said.lstrip("# ").splitlines())
    return {row["pxname"]: (row["status"], row["check_status"], row["check_code"])
            for row in rows if row["svname"] == "shop"}


haproxy = subprocess.Popen(["usr/sbin/haproxy", "-db", "-q", "-f", "haproxy.cfg"])
try:
    time.sleep(6)
    for left in range(50):
        seen = stats()
        if not any(check.startswith("*") for _, check, _ in seen.values()):
            break
        time.sleep(0.1)
finally:
    haproxy.terminate()
    haproxy.wait()
for name, (state, check, code) in seen.items():
    print(f"{name}: {state}, {check} {code}")
states = {name: state for name, (state, *_) in seen.items()}
sys.exit(0 if states == {"no_rule": "DOWN", "body": "UP", "header": "UP", "body_and_code": "DOWN"}
         else 10)
EOF

head -n 1 haproxy.log
echo "expected: a server that answers 503 is DOWN under every rule"
timeout -k 5 60 python3 look.py
case $? in
  0) echo "happens:  UP where a rule looks at the body or at a field alone" ;;
  10) echo "CHANGED:  HAProxy reads its rules otherwise than stated"; exit 1 ;;
  *) stop "the look did not come to its end" ;;
esac
