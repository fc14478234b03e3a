"""A FastAPI application that shows what a proxy makes of a request: what arrived whole, where it redirects to, which spans were recorded."""

import asyncio
import gzip
import os
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.requests import ClientDisconnect

app = FastAPI()
name = os.environ["NAME"]
begun = 0
saved: list[int] = []
torn: list[str] = []
good = True

# The default sampler records what its caller records, and all that has no caller.
spans = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
FastAPIInstrumentor.instrument_app(app, tracer_provider=provider, excluded_urls="health,told,control")


@app.middleware("http")
async def named(request: Request, call_next: Any) -> Response:
    response = await call_next(request)
    response.headers["x-name"] = name
    return response


@app.get("/health")
async def health() -> dict[str, bool]:
    return {"ok": True}


@app.get("/told")
async def told() -> dict[str, Any]:
    """What has been seen so far."""
    finished = spans.get_finished_spans()
    return {"begun": begun, "saved": saved, "torn": torn, "traces": [format(span.context.trace_id, "032x") for span in finished if span.kind.name == "SERVER"]}


@app.put("/control/{how}")
async def control(how: str) -> None:
    """Whether the page is answered whole from now on."""
    global good
    good = how == "good"


@app.get("/items/")
@app.post("/items/")
async def items(request: Request) -> dict[str, str]:
    return {"method": request.method, "query": request.url.query}


@app.put("/save")
@app.post("/save")
async def save(request: Request) -> dict[str, int]:
    """Saves an upload, if it is whole."""
    global begun
    begun += 1
    try:
        body = await request.body()
    except ClientDisconnect:
        torn.append(request.headers.get("transfer-encoding", "length"))
        raise
    saved.append(len(body))
    return {"saved": len(body)}


@app.post("/refuse")
async def refuse() -> Response:
    """Refuses an upload from its header."""
    return Response("too large", status_code=413, headers={"connection": "close"})


@app.get("/page")
async def page() -> Response:
    """A page that may be kept; or the first 400 bytes of 1,000."""
    fields = {"cache-control": "public, max-age=1", "content-length": "1000", "vary": "accept-encoding"}
    if good:
        return Response("a" * 1000, headers=fields)

    async def part() -> AsyncIterator[bytes]:
        yield b"b" * 400
        await asyncio.sleep(0.01)

    return StreamingResponse(part(), headers=fields)


@app.get("/packed")
async def packed() -> Response:
    return Response(gzip.compress(b"packed" * 100), headers={"cache-control": "public, max-age=1", "content-encoding": "gzip"})
