#!/usr/bin/env bash
# `check_http -d 'Content-Type: ...'` calls a healthy uvicorn down: it looks for the name of a header
# field letter for letter.
#
# Expected: the name of a header field is found in any case.
# Happens:  -d, --header-string, is a text that must stand in the header as it was sent. uvicorn sends
#   `content-type: application/json`, and the plugin ends with 2, CRITICAL, "header ... not found".
#   In lower case the same check is OK.
# Versions: monitoring-plugins 2.3.3 (Debian 2.3.3-5+deb12u2), uvicorn 0.54.0.
# Matters:  the same check fails on the day that another server or a CDN answers, though nothing is
#   amiss. A pattern for the body does not care; where it must be a header field, write it as
#   curl -v shows it.
# Source:   RFC 9110, 5.1 (field names are case-insensitive); check_http --help.
#
# Exit code: 0 as stated, 1 otherwise now, 2 not set up.
set -u
stop() { echo "not set up: $1" >&2; exit 2; }
dir=$(mktemp -d) || stop "no temporary folder"
trap 'rm -rf "$dir"' EXIT
cd "$dir" || stop "no temporary folder"
timeout 90 apt-get download monitoring-plugins-basic=2.3.3-5+deb12u2 > apt.log 2>&1 ||
  stop "apt-get download"
dpkg-deb --extract monitoring-plugins-basic_*.deb . || stop "dpkg-deb"
usr/lib/nagios/plugins/check_http -V > version.log 2>&1 || true
grep -q check_http version.log || stop "check_http does not run: $(head -n 1 version.log)"
timeout 170 python3 -m pip install --quiet --no-compile --target packages uvicorn==0.54.0 \
  > pip.log 2>&1 || stop "pip install"

cat > shop.py <<'EOF'
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})
EOF
cat > look.py <<'EOF'
import signal, socket, subprocess, sys, time

signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
with socket.socket() as spare:
    spare.bind(("127.0.0.1", 0))
    port = spare.getsockname()[1]
command = [sys.executable, "-m", "uvicorn", "shop:app", "--port", str(port), "--lifespan", "off"]
server = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
seen = []
try:
    for left in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.1)
    for wanted in [None, "Content-Type: application/json", "content-type: application/json"]:
        check = ["usr/lib/nagios/plugins/check_http", "-I", "127.0.0.1", "-p", str(port), "-u", "/"]
        done = subprocess.run(check + (["-d", wanted] if wanted else []), capture_output=True, text=True)
        seen.append(done.returncode)
        print(f"-d {wanted!r}: exit {done.returncode}, {done.stdout.split('|')[0].strip()}")
finally:
    server.terminate()
    server.wait()
sys.exit(0 if seen == [0, 2, 0] else 10)
EOF

echo "$(head -n 1 version.log); uvicorn 0.54.0"
echo "expected: all three are OK"
PYTHONPATH=packages timeout -k 5 60 python3 look.py
case $? in
  0) echo "happens:  the name as it is usually written is not found, and the server is CRITICAL" ;;
  10) echo "CHANGED:  check_http looks at names otherwise than stated"; exit 1 ;;
  *) stop "the look did not come to its end" ;;
esac
