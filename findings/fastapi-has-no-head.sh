#!/usr/bin/env bash
# A GET route of FastAPI answers HEAD with 405, where the Starlette that it stands on answers 200.
#
# Expected: who can GET /health can HEAD it: HTTP asks every general-purpose server for both, and
#   Starlette, Flask, Django, Express and Fastify add HEAD to a GET route by themselves.
# Happens:  @app.get answers HEAD with 405 and `Allow: GET`; Starlette's own Route beside it, in
#   the same application, answers 200. Flask, run here for comparison, answers 200.
# Versions: fastapi 0.163.2 on starlette 1.10.0; flask 3.1.2.
# Matters:  a check with HEAD, which looks like the cheap choice, calls every healthy FastAPI
#   service down, and so do the health libraries for FastAPI that add a plain route. Use GET.
# Source:   RFC 9110, 9.1 (GET and HEAD must be supported), 9.3.2 (HEAD).
#
# Exit code: 0 as stated, 1 otherwise now, 2 not set up.
set -u
stop() { echo "not set up: $1" >&2; exit 2; }
dir=$(mktemp -d) || stop "no temporary folder"
trap 'rm -rf "$dir"' EXIT
cd "$dir" || stop "no temporary folder"
timeout 170 python3 -m pip install --quiet --no-compile --target packages fastapi==0.163.2 \
  starlette==1.10.0 uvicorn==0.54.0 flask==3.1.2 > pip.log 2>&1 || stop "pip install"

cat > served.py <<'EOF'
from fastapi import FastAPI
from starlette.responses import JSONResponse
from starlette.routing import Route


async def plain(_):
    return JSONResponse({"status": "pass"})


app = FastAPI(routes=[Route("/starlette", plain)])


@app.get("/fastapi")
async def health():
    return {"status": "pass"}
EOF
cat > look.py <<'EOF'
import http.client, signal, socket, subprocess, sys, time

import flask

signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
with socket.socket() as spare:
    spare.bind(("127.0.0.1", 0))
    port = spare.getsockname()[1]


def asked(method, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path)
    answer = connection.getresponse()
    answer.read()
    return answer.status, answer.getheader("allow")


server = subprocess.Popen([
    sys.executable, "-m", "uvicorn", "served:app", "--port", str(port), "--log-level", "critical",
])
try:
    for left in range(200):
        try:
            asked("GET", "/fastapi")
            break
        except OSError:
            time.sleep(0.1)
    seen = {(method, path): asked(method, path)
            for path in ("/fastapi", "/starlette") for method in ("GET", "HEAD")}
finally:
    server.terminate()
    server.wait()
other = flask.Flask("other")
other.get("/flask")(lambda: {"status": "pass"})
for method in ("GET", "HEAD"):
    seen[method, "/flask"] = other.test_client().open("/flask", method=method).status_code, None
for (method, path), (status, allow) in seen.items():
    print(f"{method} {path}: {status}" + (f", Allow: {allow}" if allow else ""))
stated = [status for status, _ in seen.values()] == [200, 405, 200, 200, 200, 200]
sys.exit(0 if stated else 10)
EOF

echo "fastapi 0.163.2, starlette 1.10.0, uvicorn 0.54.0, flask 3.1.2"
echo "expected: HEAD is answered as GET is"
PYTHONPATH=packages timeout -k 5 40 python3 look.py
case $? in
  0) echo "happens:  FastAPI's own route answers HEAD with 405" ;;
  10) echo "CHANGED:  HEAD is answered otherwise than stated"; exit 1 ;;
  *) stop "the look did not come to its end" ;;
esac
