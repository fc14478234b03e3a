#!/usr/bin/env bash
# While they drain after SIGTERM, Hypercorn and gunicorn's gthread worker still take new
# connections, say nothing on them, and reset them when the last request is done.
#
# Expected: a draining server closes its listening socket first, so that new connections are
#   refused at once, as uvicorn does; or it goes on serving.
# Happens:  the connection is made at once, the request is sent, and no answer comes. When the
#   server is gone the connection is reset.
# Versions: hypercorn 0.18.0, gunicorn 27.0.1 with --worker-class gthread; uvicorn 0.54.0 beside
#   them.
# Matters:  a check by TCP says "up" for the whole drain, which lasts as long as the longest
#   request under way. A check by HTTP waits out its timeout where a refusal would have told at
#   once, and so does each request that a proxy sends there.
# Source:   none that says so was found; listen(2) on what a backlog takes.
#
# Exit code: 0 as stated, 1 otherwise now, 2 not set up.
set -u
stop() { echo "not set up: $1" >&2; exit 2; }
dir=$(mktemp -d) || stop "no temporary folder"
trap 'rm -rf "$dir"' EXIT
cd "$dir" || stop "no temporary folder"
timeout 170 python3 -m pip install --quiet --no-compile --target packages hypercorn==0.18.0 \
  gunicorn==27.0.1 uvicorn==0.54.0 > pip.log 2>&1 || stop "pip install"

cat > served.py <<'EOF'
import asyncio, time


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await asyncio.sleep(3 if scope["path"] == "/slow" else 0)
    fields = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": b"ok"})


def wsgi(environ, start_response):
    time.sleep(3 if environ["PATH_INFO"] == "/slow" else 0)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
EOF
cat > look.py <<'EOF'
import http.client, signal, socket, subprocess, sys, threading, time

signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))


def asked(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    return connection.getresponse().status


def look(name, *command):
    with socket.socket() as spare:
        spare.bind(("127.0.0.1", 0))
        port = spare.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", *(part.format(port) for part in command)],
                              stderr=subprocess.DEVNULL)
    try:
        for left in range(150):
            try:
                asked(port, "/")
                break
            except OSError:
                time.sleep(0.1)
        answers = []
        slow = threading.Thread(target=lambda: answers.append(asked(port, "/slow")), daemon=True)
        slow.start()
        time.sleep(0.7)
        server.terminate()
        time.sleep(0.9)
        begun = time.monotonic()
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as new:
                new.settimeout(8)
                new.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
                try:
                    seen = "answers" if new.recv(100) else "taken, silent, closed"
                except ConnectionResetError:
                    seen = "taken, silent, reset"
        except ConnectionRefusedError:
            seen = "refused"
        took = time.monotonic() - begun
        slow.join()
    finally:
        server.kill()
        server.wait()
    print(f"{name}: a new connection is {seen} after {took:.1f} s; "
          f"the request under way: {answers}")
    return seen.startswith("taken") and took > 0.5, seen == "refused", answers == [200]


seen = [
    look("hypercorn", "hypercorn", "served:app", "--bind", "127.0.0.1:{}"),
    look("gunicorn gthread", "gunicorn", "served:wsgi", "--bind", "127.0.0.1:{}",
         "--worker-class", "gthread", "--threads", "4", "--log-level", "critical"),
    look("uvicorn", "uvicorn", "served:app", "--port", "{}", "--log-level", "critical"),
]
silent, refused = (True, False, True), (False, True, True)
sys.exit(0 if seen == [silent, silent, refused] else 10)
EOF

echo "hypercorn 0.18.0, gunicorn 27.0.1, uvicorn 0.54.0; SIGTERM with one request of 3 s under way"
echo "expected: a new connection is refused"
PYTHONPATH=packages timeout -k 5 70 python3 look.py
case $? in
  0) echo "happens:  Hypercorn and gunicorn gthread take it and say nothing" ;;
  10) echo "CHANGED:  new connections during a drain fare otherwise than stated"; exit 1 ;;
  *) stop "the look did not come to its end" ;;
esac
