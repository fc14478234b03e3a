#!/usr/bin/env bash
# `with connection.execute_wrapper(…)` of Django takes away the last wrapper, whosever that is.
#
# Expected: at the end of the block the wrapper of the block is gone, and no other one.
# Happens:  what is appended to `execute_wrappers` within the block, as instrumentation does that
#   listens to `connection_created`, is taken away in its place. From then on the wrapper of the
#   block hears every query of the connection, and the instrumentation none.
# Versions: Django 5.2.19.
# Matters:  numbers of database calls stop at 0 for one thread or worker and not for others, and a
#   blocker of queries (`execute_wrapper` is documented with one) goes on blocking. Whoever adds a
#   lasting wrapper must put it first in the list, not last.
# Source:   django/db/backends/base/base.py: `execute_wrapper` appends, and pops.
#
# Exit code: 0 as stated, 1 otherwise now, 2 not set up.
set -u
stop() { echo "not set up: $1" >&2; exit 2; }
dir=$(mktemp -d) || stop "no temporary folder"
trap 'rm -rf "$dir"' EXIT
cd "$dir" || stop "no temporary folder"
timeout 170 python3 -m pip install --quiet --no-compile --target packages Django==5.2.19 \
  asgiref==3.11.1 sqlparse==0.5.5 > pip.log 2>&1 || stop "pip install"

cat > look.py <<'EOF'
import sys

from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
)
import django

django.setup()
from django.db import connection
from django.db.backends.signals import connection_created


def look(place):
    heard = {"of the block": 0, "lasting": 0}

    def wrapper(name):
        def hears(execute, *args):
            heard[name] += 1
            return execute(*args)

        return hears

    lasting = wrapper("lasting")

    def created(connection, **_):
        wrappers = connection.execute_wrappers
        wrappers.append(lasting) if place == "last" else wrappers.insert(0, lasting)

    connection_created.connect(created)
    with connection.execute_wrapper(wrapper("of the block")):
        connection.cursor().execute("SELECT 1")
    for name in heard:
        heard[name] = 0
    for _ in range(3):
        connection.cursor().execute("SELECT 1")
    connection_created.disconnect(created)
    connection.execute_wrappers.clear()
    # One of its own for each look: closing leaves that of a database in memory open.
    connection.connection = None
    print(f"added {place} within the block; of 3 queries after it are heard: {heard}")
    return list(heard.values())


sys.exit(0 if [look("last"), look("first")] == [[3, 0], [0, 3]] else 10)
EOF

echo "Django 5.2.19"
echo "expected: after the block the lasting wrapper hears 3 queries, and that of the block none"
PYTHONPATH=packages timeout -k 5 40 python3 look.py
case $? in
  0) echo "happens:  the other way round, unless the lasting one was put first" ;;
  10) echo "CHANGED:  the wrappers are not as stated any more"; exit 1 ;;
  *) stop "the look did not come to its end" ;;
esac
