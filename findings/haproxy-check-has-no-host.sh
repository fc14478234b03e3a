#!/usr/bin/env bash
# HAProxy's `option httpchk GET /health` calls a healthy Django down: it asks without a Host.
#
# Expected: the check asks for /health as any client does, and the 200 counts.
# Happens:  the check is `GET /health HTTP/1.0` and nothing else. Without a Host, Django takes the
#   server's own address for it, does not find it in ALLOWED_HOSTS, and answers 400. HAProxy shows
#   the server DOWN, L7STS 400. With a Host sent by http-check it is UP. The default, `option
#   httpchk` alone, is `OPTIONS / HTTP/1.0`, and a redirect counts as good as a 200.
# Versions: HAProxy 2.6.12 (Debian 2.6.12-1+deb12u4), Django 5.2.19, gunicorn 27.0.1.
# Matters:  two checkers of one origin disagree for good, and neither is wrong: one that sends a
#   Host sees 200, HAProxy sees 400. Who compares a new checker with the HAProxy that was there
#   before should look at what each asks first.
# Source:   HAProxy configuration manual, "option httpchk" and "http-check send"; Django
#   documentation, ALLOWED_HOSTS; RFC 9112, 3.2 (Host is required from HTTP/1.1 on).
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
timeout 170 python3 -m pip install --quiet --no-compile --target packages Django==5.2.19 \
  gunicorn==27.0.1 > pip.log 2>&1 || stop "pip install"

cat > shop.py <<'EOF'
import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

settings.configure(ALLOWED_HOSTS=["shop.example.com"], ROOT_URLCONF=__name__,
                   MIDDLEWARE=["django.middleware.common.CommonMiddleware"],)
urlpatterns = [path("health", lambda _: HttpResponse("ok"))]
django.setup()
app = get_wsgi_application()
EOF
cat > look.py <<'EOF'
import csv, http.client, os, signal, socket, subprocess, sys, time

signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
with socket.socket() as spare:
    spare.bind(("127.0.0.1", 0))
    port = spare.getsockname()[1]
with open("haproxy.cfg", "w") as config:
    config.write(f"""
global
  stats socket {os.getcwd()}/haproxy.sock
defaults
  mode http
  timeout connect 2s
backend plain
  option httpchk GET /health
  server shop 127.0.0.1:{port} check inter 500
backend with_host
  option httpchk
  http-check send meth GET uri /health ver HTTP/1.1 hdr Host shop.example.com
  server shop 127.0.0.1:{port} check inter 500
""")


def asked():
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    client.request("GET", "/health", headers={"Host": "shop.example.com"})
    return client.getresponse().status


def stats():
    with socket.socket(socket.AF_UNIX) as control:
        control.connect("haproxy.sock")
        control.sendall(b"show stat\n")
        said = b"".join(iter(lambda: control.recv(65536), b"")).decode()
    rows = csv.DictReader(said.lstrip("# ").splitlines())
    return {row["pxname"]: (row["status"], row["check_status"], row["check_code"])
            for row in rows if row["svname"] == "shop"}


gunicorn = [sys.executable, "-m", "gunicorn", "shop:app", "--bind", f"127.0.0.1:{port}"]
children = [subprocess.Popen(gunicorn, stderr=subprocess.DEVNULL)]
try:
    for left in range(200):
        try:
            status = asked()
            break
        except OSError:
            time.sleep(0.1)
    children.append(subprocess.Popen(["usr/sbin/haproxy", "-db", "-q", "-f", "haproxy.cfg"]))
    time.sleep(6)
    for left in range(50):
        seen = stats()
        if not any(check.startswith("*") for _, check, _ in seen.values()):
            break
        time.sleep(0.1)
finally:
    for child in reversed(children):
        child.terminate()
        child.wait()
print(f"a client that sends the Host: {status}")
for name, (state, check, code) in seen.items():
    print(f"HAProxy, backend {name}: {state}, {check} {code}")
sys.exit(0 if status == 200 and seen["plain"] == ("DOWN", "L7STS", "400") and
         seen["with_host"] == ("UP", "L7OK", "200") else 10)
EOF

echo "$(head -n 1 haproxy.log); Django 5.2.19, gunicorn 27.0.1"
echo "expected: UP in both backends"
PYTHONPATH=packages timeout -k 5 60 python3 look.py
case $? in
  0) echo "happens:  DOWN where the check sends no Host" ;;
  10) echo "CHANGED:  HAProxy and Django meet otherwise than stated"; exit 1 ;;
  *) stop "the look did not come to its end" ;;
esac
