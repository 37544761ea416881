"""OpenTelemetry, if it is asked for: a span for each request, sent to a collector over OTLP."""

import importlib
import os
from collections.abc import Mapping
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Refused
from api.http.telemetry.metrics import route_of

# As the SDK reads them; either one asks for traces.
ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
EXPORTER: Final = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
FAULT: Final = 500  # statuses from there on are the service's own failures


class Tracing:
    """Sends spans in the background; close it at the end."""

    def __init__(self) -> None:
        """Begin; endpoint, headers and sampling are those of the `OTEL_` variables.

        Raises:
            Refused: OpenTelemetry is not installed.
        """
        try:
            exporter = importlib.import_module(EXPORTER)
            resources = importlib.import_module("opentelemetry.sdk.resources")
            sdk = importlib.import_module("opentelemetry.sdk.trace")
            export = importlib.import_module("opentelemetry.sdk.trace.export")
            carrier = importlib.import_module("opentelemetry.trace.propagation.tracecontext")
            self._trace = importlib.import_module("opentelemetry.trace")
        except ImportError as error:
            raise Refused(
                f"{ENDPOINTS[1]} asks for traces; install them with: pip install 'skulens[traces]'"
            ) from error
        named = os.environ.get("OTEL_SERVICE_NAME", "skulens")
        resource = resources.Resource.create({"service.name": named})
        self._provider = sdk.TracerProvider(resource=resource)
        self._provider.add_span_processor(export.BatchSpanProcessor(exporter.OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("skulens")
        self._propagator = carrier.TraceContextTextMapPropagator()

    def span(self, scope: Scope) -> Any:  # noqa: ANN401 -- a span of a library that may be absent
        """Start the span of a request; it continues the caller's `traceparent`."""
        headers = dict(Headers(scope=scope))
        span = self._tracer.start_span(
            scope["method"],
            context=self._propagator.extract(headers),
            kind=self._trace.SpanKind.SERVER,
        )
        span.set_attribute("http.request.method", scope["method"])
        span.set_attribute("url.path", scope["path"])
        span.set_attribute("skulens.request_id", headers.get("x-request-id", ""))
        return span

    def fault(self) -> Any:  # noqa: ANN401 -- a status of that library
        """Return the status of a span whose request failed."""
        return self._trace.Status(self._trace.StatusCode.ERROR)

    def close(self) -> None:
        """Send what is left; at most a few seconds."""
        self._provider.shutdown()


class TraceRequests:
    """Middleware that makes one span of each request."""

    def __init__(self, app: ASGIApp, tracing: Tracing) -> None:
        self._app = app
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        span = self._tracing.span(scope)

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                span.set_attribute("http.response.status_code", message["status"])
                if message["status"] >= FAULT:
                    span.set_status(self._tracing.fault())
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            span.update_name(f"{scope['method']} {route_of(scope)}")
            span.set_attribute("http.route", route_of(scope))
            for stage, spent_ms in scope.get("state", {}).get("stages", {}).items():
                span.set_attribute(f"skulens.{stage}_ms", spent_ms)
            span.end()


def tracing_from_environment(environ: Mapping[str, str]) -> Tracing | None:
    """Start tracing if the environment asks for it; else return None.

    Raises:
        Refused: it does, and OpenTelemetry is not installed.
    """
    return Tracing() if any(environ.get(name) for name in ENDPOINTS) else None
