"""The engine's routes as one application; requests were authenticated in `edge/gateway.py`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware import Middleware

from api.http import problems
from api.http.engine import Engine
from api.http.requests.body_budget import BudgetedBodies
from api.http.requests.idempotency import IdempotentPosts
from api.http.requests.queries import REFUSE_UNKNOWN_QUERY
from api.http.routes import (
    cameras,
    catalogs,
    feedback,
    identify,
    images,
    jobs,
    media,
    products,
    sessions,
    system,
    videos,
    webhooks,
)
from api.http.routes.crops import locate, propose, thumbnail
from api.http.telemetry.departures import DepartedClients
from api.http.telemetry.logs import RequestIdContext
from api.http.telemetry.metrics import RequestMetrics
from api.http.telemetry.traces import TraceRequests, Tracing

PREFIX: Final = "/v1"
MODULES: Final = (
    catalogs,
    products,
    images,
    identify,
    propose,
    thumbnail,
    locate,
    feedback,
    cameras,
    videos,
    jobs,
    webhooks,
    system,
)
# Cameras, players and pages write these addresses, and add to the query what only they know.
LENIENT: Final = (sessions, media)

BuildEngine = Callable[[], AbstractAsyncContextManager[Engine]]


def create_app(build: BuildEngine, tracing: Tracing | None = None) -> FastAPI:
    """Return the application around an engine, which is built when it starts.

    Args:
        build: runs the engine while its block runs.
        tracing: makes a span of every request, and is closed at the end; None for no traces.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
        try:
            async with build() as engine:
                yield {"engine": engine}
        finally:
            if tracing is not None:
                await asyncio.to_thread(tracing.close)

    # The first one is asked first: a repeated answer is traced, logged and counted, too.
    middleware = [
        Middleware(RequestIdContext),
        Middleware(RequestMetrics),
        Middleware(DepartedClients),
        Middleware(BudgetedBodies),
        Middleware(IdempotentPosts),
    ]
    if tracing is not None:
        middleware.insert(0, Middleware(TraceRequests, tracing))
    app = FastAPI(
        title="skulens",
        version=version("skulens"),
        summary="Finds the identical catalog product in pictures and video, live.",
        lifespan=lifespan,
        middleware=middleware,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # its page loads scripts from a CDN
        redoc_url=None,
    )
    problems.install_problem_handlers(app)
    app.include_router(system.probes)
    app.include_router(system.figures)
    for module in MODULES:
        app.include_router(module.router, prefix=PREFIX, dependencies=[REFUSE_UNKNOWN_QUERY])
    for module in LENIENT:
        app.include_router(module.router, prefix=PREFIX)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    """Return FastAPI's document with our problems and keys in it; made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, summary=app.summary, routes=app.routes
        )
        components = document.setdefault("components", {})
        components.setdefault("schemas", {})["Problem"] = problems.SCHEMA
        components["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": "skulens key create"},
            "cookie": {"type": "apiKey", "in": "cookie", "name": "skulens_session"},
        }
        document["security"] = [{"key": []}, {"cookie": []}]
        app.openapi_schema = document
    return app.openapi_schema
