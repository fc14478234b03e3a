#!/usr/bin/env bash
# Two health libraries answer within 200 to 299 while they say that a check has failed.
#
# Expected: a health endpoint whose check fails answers 503, or 500.
# Happens:  fastapi-watch answers 207 with `"status":"unhealthy"` under /health/status (and 503
#   under /health/ready); django-healthchecks answers 200 with `{"database": false}`, and for one
#   check by itself 200 with `false` as text/html. The latter has a setting for another code, and
#   takes it from the request too: `X-HEALTHCHECK-ERROR-CODE: 503`.
# Versions: fastapi-watch 1.8.0 on fastapi 0.163.2; django-healthchecks 1.6.0 on Django 5.2.19.
# Matters:  a checker that takes any 2xx for good never sees these fail. Probe the other path, send
#   the field, or expect a value in the body; 207 is never a sign that all is well.
# Source:   RFC 4918, 13 (207 says that the body has the status of each part); the libraries' own
#   manuals. RFC 9110, 15.3, has 2xx mean that the request succeeded, which it did.
#
# Exit code: 0 as stated, 1 otherwise now, 2 not set up.
set -u
stop() { echo "not set up: $1" >&2; exit 2; }
dir=$(mktemp -d) || stop "no temporary folder"
trap 'rm -rf "$dir"' EXIT
cd "$dir" || stop "no temporary folder"
timeout 170 python3 -m pip install --quiet --no-compile --target packages fastapi-watch==1.8.0 \
  fastapi==0.163.2 starlette==1.10.0 django-healthchecks==1.6.0 Django==5.2.19 > pip.log 2>&1 ||
  stop "pip install"

cat > checked.py <<'EOF'
def database():
    return False
EOF
cat > look.py <<'EOF'
import asyncio, json, sys

import django
from django.conf import settings
from django.test import Client
from django.urls import include, path
from fastapi import FastAPI
from fastapi_watch import BaseProbe, HealthRegistry, ProbeResult, ProbeStatus


class Database(BaseProbe):
    name = "database"

    async def check(self):
        status = ProbeStatus.UNHEALTHY
        return ProbeResult(name=self.name, status=status, latency_ms=1.0, error="down")


async def asked(app, at):
    """What the application answers to GET, without a server in between."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": at, "raw_path": at.encode(), "headers": [],
             "query_string": b"", "root_path": "", "scheme": "http", "http_version": "1.1"}
    await app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], json.loads(body)["status"]


app = FastAPI()
HealthRegistry(app).add(Database())
watch = [asyncio.run(asked(app, at)) for at in ("/health/ready", "/health/status")]
print(f"fastapi-watch: /health/ready {watch[0]}, /health/status {watch[1]}")

settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__,
                   HEALTH_CHECKS={"database": "checked.database"})
urlpatterns = [path("health/", include("django_healthchecks.urls"))]
django.setup()
client = Client()
answers = [client.get("/health/"), client.get("/health/database/"),
           client.get("/health/", headers={"x-healthcheck-error-code": "503"})]
checks = [(answer.status_code, answer.content.decode()) for answer in answers]
for what, (status, body) in zip(("all", "one", "all, with the field"), checks):
    print(f"django-healthchecks, {what}: {status} {body}")
every = '{"database": false}'
sys.exit(0 if watch == [(503, "unhealthy"), (207, "unhealthy")] and
         checks == [(200, every), (200, "false"), (503, every)] else 10)
EOF

echo "fastapi-watch 1.8.0, django-healthchecks 1.6.0; the only check fails"
echo "expected: 503 or 500"
PYTHONPATH=packages timeout -k 5 40 python3 look.py 2> look.log
case $? in
  0) echo "happens:  207 and 200" ;;
  10) echo "CHANGED:  the status codes are not as stated any more"; exit 1 ;;
  *) cat look.log >&2; stop "the look did not come to its end" ;;
esac
