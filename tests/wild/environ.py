"""A WSGI application that answers with what its server makes of the header fields. Usage: python environ.py PORT"""

import json
import sys
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import make_server


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({key: value for key, value in environ.items() if key.startswith("HTTP_")}).encode()]


make_server("127.0.0.1", int(sys.argv[1]), application).serve_forever()
