"""Clients that leave in the middle of a request, on every route that can be sent a body."""

import logging
import re
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.api.http.serving import Service

VALUES = {"catalog": "shop", "product_id": "tea"}
BOUNDARY = b"--b\r\nContent-Disposition: form-data; name=image; filename=a\r\n\r\nhalf"


def kinds_of_operations(service: Service) -> Iterator[tuple[str, str, str]]:
    """Method, path and content type of whatever may be sent a body."""
    document = service.client.get("/v1/openapi.json").json()
    for path, operations in document["paths"].items():
        filled = re.sub(r"{(\w+)}", lambda name: VALUES.get(name[1], "none"), path)
        for method, operation in operations.items():
            if method in ("post", "put", "patch"):
                content = operation.get("requestBody", {}).get("content", {})
                for kind in content or ("application/json",):
                    yield method.upper(), filled, kind.replace("*", "png")
    yield "POST", "/login", "application/json"
    yield "POST", "/logout", "application/json"
    yield "POST", "/none", "application/json"


@pytest.mark.parametrize("ending", ["close", "reset", "half-close"])
@pytest.mark.parametrize("chunked", [False, True])
def test_world_whoever_leaves_in_mid_upload_is_no_failure(
    service: Service, caplog: pytest.LogCaptureFixture, ending: str, chunked: bool
) -> None:
    operations = list(kinds_of_operations(service))
    before = departures(service)
    with caplog.at_level(logging.WARNING):
        until = time.monotonic() + 30
        missing = {path.rpartition("/")[2] for _, path, _ in operations}
        while missing:  # what is reset at once may never have come
            for method, path, kind in operations:
                if path.rpartition("/")[2] in missing:
                    leave(service, method, path, kind, ending, chunked=chunked)
            missing = {"identify", "search", "import", "videos", "products"} - left(service, before)
            assert time.monotonic() < until, missing
    assert [record for record in caplog.records if record.exc_info] == []
    assert [record.message for record in caplog.records if "broke off" in record.message] == []
    assert 'status="500"' not in service.client.get("/metrics").text
    assert list((service.options.state / "jobs").iterdir()) == []


def leave(
    service: Service, method: str, path: str, kind: str, ending: str, *, chunked: bool
) -> None:
    """Send half a body, and go."""
    boundary = "; boundary=b" if kind.startswith("multipart") else ""
    half = BOUNDARY if boundary else b'{"half": '
    length = "Transfer-Encoding: chunked" if chunked else "Content-Length: 100000"
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}{boundary}\r\n"
    sent = f"{head}{length}\r\n\r\n".encode()
    sent += b"%x\r\n%s\r\n" % (len(half), half) if chunked else half
    host, port = service.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(sent)
        time.sleep(0.01)  # so that the route has begun to read
        if ending == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif ending == "half-close":
            connection.shutdown(socket.SHUT_WR)
            with suppress(OSError):
                while connection.recv(1 << 16):
                    pass


def departures(service: Service) -> dict[str, float]:
    text = service.client.get("/metrics").text
    return {
        sample.labels["route"]: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "skulens_http_departures_total"
    }


def left(service: Service, before: dict[str, float]) -> set[str]:
    """The last words of the routes that clients left since."""
    now = departures(service)
    return {
        route.rpartition("/")[2] for route, count in now.items() if count > before.get(route, 0)
    }
