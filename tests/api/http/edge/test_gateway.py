"""Every request passes the gateway."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx2

from tests.api.http.serving import Service, serving


def test_every_answer_has_the_headers_that_keep_browsers_safe(service: Service) -> None:
    for path in ("/healthz", "/readyz", "/v1/catalogs", "/v1/none", "/"):
        headers = service.client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-request-id"]
        assert "server" not in headers


def test_a_request_keeps_the_id_that_it_came_with(service: Service) -> None:
    given = service.client.get("/healthz", headers={"X-Request-Id": "abc-1"})
    odd = service.client.get("/healthz", headers={"X-Request-Id": "a b"})
    assert given.headers["x-request-id"] == "abc-1"
    assert odd.headers["x-request-id"] != "a b"


def test_what_is_too_large_is_refused_before_it_is_read(service: Service) -> None:
    big = b"x" * 3_000_000
    answer = service.client.post("/v1/catalogs", content=big)
    assert answer.status_code == 413

    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 100_000

    chunked = service.client.post(
        "/v1/catalogs/shop/feedback",
        content=endless(),
        headers={"Content-Type": "application/json"},
    )
    assert chunked.status_code in (413, 422)


def test_the_page_and_the_state_are_apart(service: Service) -> None:
    assert service.client.get("/").status_code in (200, 404)
    for path in ("/../keys.json", "/%2e%2e/state/secret", "/..%2f..%2fstate/secret"):
        assert service.client.get(path).status_code == 404


def test_the_engine_alone_trusts_nobody(tmp_path: Path) -> None:
    with serving(tmp_path, through_proxy=True) as running:
        transport = httpx2.HTTPTransport(uds=str(running.options.socket))
        with httpx2.Client(transport=transport, base_url="http://engine") as direct:
            assert direct.get("/v1/catalogs").status_code == 401


def test_a_picture_that_is_a_bomb_is_refused(service: Service) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 10**6))
    )
    answer = service.client.post(
        "/v1/catalogs/shop/identify", content=bomb, headers={"Content-Type": "image/png"}
    )
    assert answer.status_code == 422
