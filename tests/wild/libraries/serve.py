"""A health endpoint by each of several libraries, for a dependency that is as a file says.

`serve.py LIBRARY PORT FILE` serves on 127.0.0.1; the file has one of the words ok, degraded, down.
"""

import pathlib
import sys
from dataclasses import dataclass

LIBRARY, PORT, FILE = sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3])


def is_down():
    """Whether the dependency is down."""
    return FILE.read_text() == "down"


def is_degraded():
    """Whether the dependency is slow, and of use all the same."""
    return FILE.read_text() == "degraded"


def serve_wsgi(app):
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_):
            pass

    make_server("127.0.0.1", PORT, app, handler_class=Quiet).serve_forever()


def serve_asgi(app):
    import uvicorn

    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning")


def fastapi_healthcheck():
    from fastapi import FastAPI
    from fastapi_healthcheck import HealthCheckFactory, healthCheckRoute
    from fastapi_healthcheck.domain import HealthCheckInterface
    from fastapi_healthcheck.enum import HealthCheckStatusEnum
    from fastapi_healthcheck.service import HealthCheckBase

    class Database(HealthCheckBase, HealthCheckInterface):
        _alias, _tags, _service = "db", [], "database"

        def __checkHealth__(self):
            return HealthCheckStatusEnum.UNHEALTHY if is_down() else HealthCheckStatusEnum.HEALTHY

    factory, app = HealthCheckFactory(), FastAPI()
    factory.add(Database())
    app.add_api_route("/health", endpoint=healthCheckRoute(factory))
    serve_asgi(app)


def fastapi_healthz():
    from fastapi import FastAPI
    from fastapi_healthz import HealthCheckAbstract, HealthCheckRegistry, HealthCheckStatusEnum
    from fastapi_healthz import health_check_route

    class Database(HealthCheckAbstract):
        @property
        def service(self):
            return "db"

        @property
        def connection_uri(self):
            return "db://"

        @property
        def tags(self):
            return []

        @property
        def comments(self):
            return []

        def check_health(self):
            return HealthCheckStatusEnum.UNHEALTHY if is_down() else HealthCheckStatusEnum.HEALTHY

    registry, app = HealthCheckRegistry(), FastAPI()
    registry.add(Database())
    app.add_api_route("/health", endpoint=health_check_route(registry=registry))
    serve_asgi(app)


def fastapi_watch():
    from fastapi import FastAPI
    from fastapi_watch import HealthRegistry
    from fastapi_watch.models import ProbeResult, ProbeStatus
    from fastapi_watch.probes.base import BaseProbe

    class Database(BaseProbe):
        name = "db"

        async def check(self):
            status = ProbeStatus.DEGRADED if is_degraded() else ProbeStatus.HEALTHY
            status = ProbeStatus.UNHEALTHY if is_down() else status
            return ProbeResult(name=self.name, status=status)

    app = FastAPI()
    HealthRegistry(app, poll_interval_ms=1000, dashboard=False).add(Database())
    serve_asgi(app)


def flask_healthz():
    from flask import Flask
    from flask_healthz import HealthError, healthz

    def check():
        if is_down():
            raise HealthError("no database")

    app = Flask(__name__)
    app.config["HEALTHZ"] = {"health": check}
    app.register_blueprint(healthz, url_prefix="/")
    serve_wsgi(app)


def py_healthcheck():
    from flask import Flask
    from healthcheck import HealthCheck

    health = HealthCheck(success_ttl=0, failed_ttl=0)
    health.add_check(lambda: (not is_down(), "the database"))
    app = Flask(__name__)
    app.add_url_rule("/health", "health", view_func=health.run)
    serve_wsgi(app)


def dockerflow():
    from dockerflow import checks
    from dockerflow.fastapi import router
    from fastapi import FastAPI

    @checks.register
    def database():
        found = [checks.Error("no database", id="db.E001")] if is_down() else []
        return [checks.Warning("a slow database", id="db.W001")] if is_degraded() else found

    app = FastAPI()
    app.include_router(router)
    serve_asgi(app)


def django_health_check():
    import django
    from django.conf import settings
    from django.core.asgi import get_asgi_application
    from django.urls import path

    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF="django_urls",
        INSTALLED_APPS=["health_check"],
        SECRET_KEY="of a test",
    )
    django.setup()
    from health_check.base import HealthCheck
    from health_check.exceptions import ServiceUnavailable
    from health_check.views import HealthCheckView

    @dataclass
    class Database(HealthCheck):
        async def run(self):
            if is_down():
                raise ServiceUnavailable("no database")

    urls = type(sys)("django_urls")
    urls.urlpatterns = [path("health", HealthCheckView.as_view(checks=[Database]))]
    sys.modules["django_urls"] = urls
    serve_asgi(get_asgi_application())


globals()[LIBRARY]()
