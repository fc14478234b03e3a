"""What the environment says: whether the numbers are taken at all, and the secret of the asker."""

import os
from typing import Optional

SWITCH = "VEDETTE_ASGI"
SECRET = "VEDETTE_ASGI_SECRET"  # noqa: S105 - the name of the variable
SHORTEST_SECRET = 16

_OFF = {"0", "false", "no", "off"}


def is_on() -> bool:
    """Return whether numbers are taken: unless `VEDETTE_ASGI` is off, 0, false or no."""
    return os.environ.get(SWITCH, "").strip().lower() not in _OFF


def secret_of(given: Optional[str]) -> Optional[bytes]:
    """Return the secret that is given, or that of `VEDETTE_ASGI_SECRET`; None if there is none.

    Raises `ValueError` for one that could be guessed, or that a header field cannot carry.
    """
    secret = os.environ.get(SECRET) if given is None else given
    if not secret:
        return None
    if len(secret) < SHORTEST_SECRET or not (secret.isascii() and secret.isprintable()):
        raise ValueError(
            f"the secret needs {SHORTEST_SECRET} or more printable ASCII characters: "
            "make one with `openssl rand -hex 16`"
        )
    return secret.encode("ascii")
