"""Runs a program on a terminal of its own and types what it asks for.

Usage: terminal.py ANSWERS PROGRAM [ARGUMENT ...]; ANSWERS is a JSON list of pairs of what is waited
for and what is typed then. Prints what the program wrote, and exits as the program did; with 99 if
it has not ended in time.
"""

import json
import os
import pty
import select
import sys
import time

PATIENCE = 30.0

steps = [(prompt.encode(), text.encode()) for prompt, text in json.loads(sys.argv[1])]
child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[2], sys.argv[2:])

written = b""
seen = 0
until = time.monotonic() + PATIENCE
while time.monotonic() < until:
    if not select.select([terminal], [], [], 0.1)[0]:
        continue
    try:
        part = os.read(terminal, 4096)
    except OSError:  # Linux tells so that the other end has closed.
        break
    if not part:
        break
    written += part
    if steps and steps[0][0] in written[seen:]:
        seen = len(written)
        os.write(terminal, steps.pop(0)[1])

sys.stdout.write(written.decode(errors="replace"))
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if time.monotonic() < until else 99)
