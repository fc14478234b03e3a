#!/usr/bin/env bash
# uvicorn's --limit-concurrency counts idle kept connections: two idle ones use up a limit of
# three.
#
# Expected: `--limit-concurrency 3` answers 503 when more than three requests are under way at
#   once.
# Happens:  what is counted is the open connections, whether anything is under way on them or not,
#   and the new one among them. With two idle connections kept open every further one gets 503,
#   while the two go on being answered 200.
# Versions: uvicorn 0.54.0.
# Matters:  checkers and proxies keep connections, one for each place that they look from. On a
#   server with a low limit they can fill it by themselves; then whoever connects anew sees 503 of
#   an idle server, and whoever has a connection sees 200: places disagree, and both are right.
# Source:   uvicorn's settings page says "concurrent connections or tasks", which is true to the
#   letter: an idle connection is one.
#
# Exit code: 0 as stated, 1 otherwise now, 2 not set up.
set -u
stop() { echo "not set up: $1" >&2; exit 2; }
dir=$(mktemp -d) || stop "no temporary folder"
trap 'rm -rf "$dir"' EXIT
cd "$dir" || stop "no temporary folder"
timeout 170 python3 -m pip install --quiet --no-compile --target packages uvicorn==0.54.0 \
  > pip.log 2>&1 || stop "pip install"

cat > served.py <<'EOF'
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    fields = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": b"ok"})
EOF
cat > look.py <<'EOF'
import http.client, signal, socket, subprocess, sys, time

signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
with socket.socket() as spare:
    spare.bind(("127.0.0.1", 0))
    port = spare.getsockname()[1]


def asked(connection):
    connection.request("GET", "/health")
    answer = connection.getresponse()
    answer.read()
    return answer.status


def new():
    return http.client.HTTPConnection("127.0.0.1", port, timeout=5)


server = subprocess.Popen([
    sys.executable, "-m", "uvicorn", "served:app", "--port", str(port), "--limit-concurrency", "3",
    "--timeout-keep-alive", "30", "--log-level", "critical",
])
try:
    for left in range(100):
        try:
            first = new()
            assert asked(first) == 200
            break
        except OSError:
            time.sleep(0.1)
    second = new()
    seen = [200, asked(second)]
    print(f"two connections, one request each, kept open and idle: {seen}")
    further = [asked(new()) for _ in range(3)]
    print(f"three further connections, one after the other: {further}")
    kept = [asked(first), asked(second)]
    print(f"the two that are kept, once more: {kept}")
    second.close()
    time.sleep(0.5)
    room = asked(new())
    print(f"one of the two closed, a new connection: {room}")
finally:
    server.terminate()
    server.wait()
sys.exit(0 if (seen, further, kept, room) == ([200] * 2, [503] * 3, [200] * 2, 200) else 10)
EOF

echo "uvicorn 0.54.0 --limit-concurrency 3"
echo "expected: no 503, for at no time more than one request is under way"
PYTHONPATH=packages timeout -k 5 40 python3 look.py
case $? in
  0) echo "happens:  503 for whoever connects anew, while two idle connections are open" ;;
  10) echo "CHANGED:  idle connections do not count as stated any more"; exit 1 ;;
  *) stop "the look did not come to its end" ;;
esac
