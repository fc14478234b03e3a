#!/usr/bin/env bash
# uvicorn tells the application that it shuts down after the last answer, when nobody can ask.
#
# Expected: on SIGTERM the lifespan's shutdown comes first, so that a health endpoint can answer 503
#   while the server drains, and load balancers send what is new elsewhere.
# Happens:  new connections are refused at once; the request under way is finished, a second later;
#   only then does the application hear `lifespan.shutdown`. No health check ever sees it.
# Versions: uvicorn 0.54.0.
# Matters:  readiness that is taken back in the shutdown handler of FastAPI or Starlette is taken
#   back for nobody: the first that a checker learns is a refused connection. To fail first, the
#   signal must be held back before the server hears it, or readiness be taken back by hand.
# Source:   ASGI, lifespan: shutdown is sent "when the server has stopped accepting connections and
#   closed all active connections".
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
import asyncio
import sys

stopping = False


async def app(scope, receive, send):
    global stopping
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            stopping = kind == "lifespan.shutdown"
            if stopping:
                print("heard", file=sys.stderr, flush=True)
            await send({"type": kind + ".complete"})
            if stopping:
                return
    if scope["path"] == "/slow":
        print("begun", file=sys.stderr, flush=True)
        await asyncio.sleep(2)
        print("answered", file=sys.stderr, flush=True)
    status = 503 if stopping else 200
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b""})
EOF
cat > look.py <<'EOF'
import http.client, signal, socket, subprocess, sys, threading, time

signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
with socket.socket() as spare:
    spare.bind(("127.0.0.1", 0))
    port = spare.getsockname()[1]


def asked(path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError as error:
        return type(error).__name__
    finally:
        connection.close()


server = subprocess.Popen([
    sys.executable, "-m", "uvicorn", "served:app", "--port", str(port), "--log-level", "critical",
], stderr=subprocess.PIPE, text=True)
slow, seen = [], []
try:
    for left in range(200):
        if asked("/health") == 200:
            break
        time.sleep(0.1)
    request = threading.Thread(target=lambda: slow.append(asked("/slow")))
    request.start()
    begun = server.stderr.readline().strip()
    server.send_signal(signal.SIGTERM)
    while server.poll() is None:
        seen.append(asked("/health"))
        time.sleep(0.05)
    request.join()
    said = [begun, *server.stderr.read().split()]
finally:
    server.kill()
    server.wait()
print(f"the application: {', '.join(said)}; the request under way: {slow[0]}")
print(f"/health from SIGTERM to the end, {len(seen)} times: {', '.join(sorted(set(map(str, seen))))}")
# One or two may come before the signal is noticed.
stated = said == ["begun", "answered", "heard"] and slow == [200] and 503 not in seen
sys.exit(0 if stated and seen.count("ConnectionRefusedError") > len(seen) / 2 else 10)
EOF

echo "uvicorn 0.54.0"
echo "expected: 503 from /health while the last request is under way"
PYTHONPATH=packages timeout -k 5 60 python3 look.py
case $? in
  0) echo "happens:  no connection, and the application hears of it after its last answer" ;;
  10) echo "CHANGED:  the application hears of it otherwise than stated"; exit 1 ;;
  *) stop "the look did not come to its end" ;;
esac
