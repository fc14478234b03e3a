"""Shows what an answer of an ASGI service cost, and how the service is.

`VedetteMiddleware` stamps and logs each request, `Health` answers for the service. What counts
database calls is imported by name: `vedette_asgi.sqlalchemy`, `sqlite`, `psycopg`, `asyncpg` and
`django`.
"""

from vedette_asgi._check import Result
from vedette_asgi.cache_status import CacheStatus, tell_cache
from vedette_asgi.health import Health
from vedette_asgi.middleware import VedetteMiddleware
from vedette_asgi.tally import database_call

__version__ = "0.1.0"

__all__ = [
    "CacheStatus",
    "Health",
    "Result",
    "VedetteMiddleware",
    "database_call",
    "tell_cache",
]
