#!/usr/bin/env bash
# py-healthcheck gives a success again for 27 s and a failure for 9 s without running the check,
# and says in no header that it does.
#
# Expected: each request of the health endpoint runs the check.
# Happens:  the check runs once; after the database went, the endpoint goes on answering 200 with
#   `"status":"success"`, until the result's `expires`, 27 s later. A failure is kept for 9 s.
#   There is no Age and no Cache-Control; only `results[].timestamp` shows it, beside a `timestamp`
#   at the top that is always now. HealthCheck(success_ttl=0, failed_ttl=0) turns it off.
# Versions: py-healthcheck 1.10.1 on flask 3.1.2.
# Matters:  an outage is seen up to 27 s later than the interval of the checks says, and no checker
#   can ask past it. With several worker processes each has a memory of its own, so checks in
#   between see both.
# Source:   the library's manual has success_ttl and failed_ttl, with these defaults.
#
# Exit code: 0 as stated, 1 otherwise now, 2 not set up.
set -u
stop() { echo "not set up: $1" >&2; exit 2; }
dir=$(mktemp -d) || stop "no temporary folder"
trap 'rm -rf "$dir"' EXIT
cd "$dir" || stop "no temporary folder"
timeout 170 python3 -m pip install --quiet --no-compile --target packages py-healthcheck==1.10.1 \
  six==1.17.0 flask==3.1.2 > pip.log 2>&1 || stop "pip install"

cat > look.py <<'EOF'
import sys, time

import flask
from healthcheck import HealthCheck


def look(**options):
    up, runs = [True], [0]

    def database():
        runs[0] += 1
        return up[0], "database"

    application = flask.Flask("shop")
    application.add_url_rule("/health", view_func=HealthCheck(checkers=[database], **options).run)
    client = application.test_client()
    first = client.get("/health")
    up[0] = False
    time.sleep(3)
    then = client.get("/health")
    result = then.json["results"][0]
    kept = round(result["expires"] - result["timestamp"])
    print(f"{options or 'by default'}: {first.status_code} while the database is up, "
          f"{then.status_code} 3 s after it went; the check ran {runs[0]} times; "
          f"a result is kept {kept} s; Age {then.headers.get('age')}, "
          f"Cache-Control {then.headers.get('cache-control')}")
    return first.status_code, then.status_code, runs[0], kept, len(set(then.headers) & {"Age"})


seen = [look(), look(success_ttl=0, failed_ttl=0)]
sys.exit(0 if seen == [(200, 200, 1, 27, 0), (200, 500, 2, 0, 0)] else 10)
EOF

echo "py-healthcheck 1.10.1, flask 3.1.2"
echo "expected: 500 after the database went"
PYTHONPATH=packages timeout -k 5 40 python3 look.py
case $? in
  0) echo "happens:  200, out of a memory of 27 s" ;;
  10) echo "CHANGED:  the memory is not as stated any more"; exit 1 ;;
  *) stop "the look did not come to its end" ;;
esac
