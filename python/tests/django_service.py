"""A small Django service, as a module of settings, routes and application in one."""

import asyncio
import os

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.db import connection
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

import vedette_asgi.django


def query(times: int) -> None:
    """Ask the database something."""
    with connection.cursor() as cursor:
        for number in range(times):
            cursor.execute("SELECT %s", [number])
            cursor.fetchall()


def sync(_request, times: int) -> HttpResponse:
    """Answer from a thread."""
    query(times)
    return HttpResponse("sync")


async def awaited(_request, times: int) -> HttpResponse:
    """Answer from the loop, and ask in a thread."""
    await asyncio.gather(*(asyncio.to_thread(query, 1) for _ in range(times)))
    return HttpResponse("async")


def within(_request) -> HttpResponse:
    """Have a wrapper of one's own around the first query of a connection."""
    seen = []

    def own(execute, sql, params, many, context):
        seen.append(sql)
        return execute(sql, params, many, context)

    connection.close()
    with connection.execute_wrapper(own):
        query(1)
    query(1)
    return HttpResponse(f"{len(seen)} {len(connection.execute_wrappers)}")


async def streamed(_request) -> StreamingHttpResponse:
    """Ask while the body is sent."""

    async def body():
        await asyncio.to_thread(query, 2)
        yield b"body"

    return StreamingHttpResponse(body())


urlpatterns = [
    path("sync/<int:times>", sync),
    path("async/<int:times>", awaited),
    path("within", within),
    path("streamed", streamed),
]


def application():
    """Set Django up, once a process, and return its application."""
    if not settings.configured:
        settings.configure(
            ALLOWED_HOSTS=["127.0.0.1"],
            DATABASES={
                "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DJANGO_DB"]}
            },
            MIDDLEWARE=[
                "vedette_asgi.django.RouteMiddleware",
                "django.middleware.common.CommonMiddleware",
            ],
            ROOT_URLCONF=__name__,
            USE_TZ=True,
        )
        django.setup()
    vedette_asgi.django.instrument()
    vedette_asgi.django.instrument()
    return get_asgi_application()
