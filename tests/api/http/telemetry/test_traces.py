"""Spans as a collector receives them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from typing_extensions import override

from api.errors import Refused
from api.http.telemetry.traces import ENDPOINTS, EXPORTER, tracing_from_environment
from tests.api.http.serving import png, serving


@contextmanager
def collector() -> Iterator[tuple[str, list[Any]]]:
    """An OTLP collector: its address, and the spans that came."""
    spans: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            export = ExportTraceServiceRequest.FromString(body)
            for resource_span in export.resource_spans:
                for scope in resource_span.scope_spans:
                    spans.extend(scope.spans)
            self.send_response(200)
            self.end_headers()

        @override
        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", spans
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_request_is_a_span_that_goes_on_with_the_callers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    with collector() as (address, spans):
        monkeypatch.setenv(ENDPOINTS[1], address)
        with serving(tmp_path, traced=True) as running:
            running.client.post("/v1/catalogs", json={"catalog": "shop"}).raise_for_status()
            running.client.post(
                "/v1/catalogs/shop/identify",
                files={"image": ("tea.png", png(1), "image/png")},
                headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"},
            ).raise_for_status()
    (span,) = [
        candidate for candidate in spans if candidate.name == "POST /v1/catalogs/{catalog}/identify"
    ]
    assert span.trace_id.hex() == trace
    attributes = {attribute.key: attribute.value for attribute in span.attributes}
    assert attributes["http.response.status_code"].int_value == 200
    assert (
        attributes["skulens.verify_ms"].double_value == 4.0
        or attributes["skulens.verify_ms"].int_value == 4
    )
    assert attributes["skulens.request_id"].string_value


def test_without_an_endpoint_nothing_is_traced() -> None:
    assert tracing_from_environment({}) is None


def test_an_endpoint_without_the_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, EXPORTER, None)
    with pytest.raises(Refused, match=r"skulens\[traces\]"):
        tracing_from_environment({ENDPOINTS[0]: "http://127.0.0.1:9"})
