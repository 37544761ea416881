"""Who comes in, and what everybody gets."""

import json
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from api.errors import Refused
from api.http.auth.exposure import check_exposure
from api.http.auth.keys import KeyStore
from api.http.auth.scope import Scope
from api.http.options import ServerOptions
from tests.api.http.serving import Service, serving


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Service]:
    """A service that others can reach, with the catalogs `shop` and `other`."""
    key, _ = KeyStore(tmp_path / "state" / "keys.json").create([Scope.ADMIN])
    with serving(tmp_path, exposed=True) as running:
        admin = {"Authorization": f"Bearer {key}"}
        for name in ("shop", "other"):
            made = running.client.post("/v1/catalogs", json={"catalog": name}, headers=admin)
            assert made.status_code == 201
        yield running


def bearer(service: Service, *scopes: Scope, catalogs: tuple[str, ...] = ()) -> dict[str, str]:
    key, _ = KeyStore(service.options.keys).create(scopes, catalogs)
    service.client.get("/healthz")
    return {"Authorization": f"Bearer {key}"}


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


def test_without_keys_only_this_machines_own_pages_come_in(service: Service) -> None:
    get, post = service.client.get, service.client.post
    assert get("/v1/catalogs", headers={"Host": "evil.example"}).status_code == 401
    forged = post("/v1/catalogs", json={}, headers={"Origin": "http://evil.example"})
    assert forged.status_code == 403
    own = post("/v1/catalogs", json={"catalog": "shop"}, headers={"Origin": service.url})
    assert own.status_code == 409


def test_nobody_names_the_principal_but_the_gate(guarded: Service) -> None:
    forged = {"X-Skulens-Principal": '["me", ["admin"], []]'}
    assert guarded.client.get("/v1/catalogs", headers=forged).status_code == 401


def test_a_client_that_calls_itself_localhost_still_needs_a_key(guarded: Service) -> None:
    headers = {"Host": "localhost"}
    answer = guarded.client.get("/v1/catalogs", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_key_does_what_its_scopes_say(guarded: Service) -> None:
    reads = bearer(guarded, Scope.READ)
    assert eventually(guarded, reads) == 200
    post = guarded.client.post
    assert post("/v1/catalogs", json={"catalog": "x"}, headers=reads).status_code == 403
    offer = {**reads, "Content-Type": "application/sdp"}
    assert post("/v1/catalogs/shop/whip", content=b"v=0", headers=offer).status_code == 403
    assert guarded.client.get("/v1/webhooks", headers=reads).status_code == 403


def test_a_key_for_one_catalog_sees_that_one(guarded: Service) -> None:
    headers = bearer(guarded, Scope.READ, Scope.CATALOG, catalogs=("shop",))
    assert eventually(guarded, headers) == 200
    seen = guarded.client.get("/v1/catalogs", headers=headers).json()["catalogs"]
    assert [catalog["catalog"] for catalog in seen] == ["shop"]
    assert guarded.client.get("/v1/catalogs/other", headers=headers).status_code == 403
    made = guarded.client.post("/v1/catalogs", json={"catalog": "mine"}, headers=headers)
    assert made.status_code == 403


def eventually(service: Service, headers: dict[str, str]) -> int:
    """The status once every process has seen the key, within a second or two."""
    until = time.monotonic() + 3
    while (status := service.client.get("/v1/catalogs", headers=headers).status_code) == 401:
        assert time.monotonic() < until
        time.sleep(0.2)
    return status


def test_a_revoked_key_is_refused_within_a_second_or_two(guarded: Service) -> None:
    headers = bearer(guarded, Scope.READ)
    assert eventually(guarded, headers) == 200
    KeyStore(guarded.options.keys).revoke(headers["Authorization"].split("_")[1])
    until = time.monotonic() + 3
    while guarded.client.get("/v1/catalogs", headers=headers).status_code == 200:
        assert time.monotonic() < until
        time.sleep(0.2)


def test_wrong_keys_are_soon_too_many(guarded: Service) -> None:
    headers = {"Authorization": "Bearer sk_0_0"}
    statuses = [guarded.client.get("/v1/catalogs", headers=headers).status_code for _ in range(12)]
    assert statuses[0] == 401
    assert statuses[-1] == 429


def test_a_login_is_a_cookie_and_changes_need_its_token(guarded: Service) -> None:
    key = bearer(guarded, Scope.ADMIN)
    eventually(guarded, key)
    text = key["Authorization"].removeprefix("Bearer ")
    with httpx2.Client(base_url=guarded.url) as browser:
        assert browser.post("/login", json={"key": "sk_1_2"}).status_code == 401
        answer = browser.post("/login", json={"key": text})
        assert answer.status_code == 200
        cookies = answer.headers.get_list("set-cookie")
        assert all("SameSite=Strict" in cookie for cookie in cookies)
        assert "HttpOnly" in next(
            cookie for cookie in cookies if cookie.startswith("skulens_session")
        )
        assert text not in json.dumps(cookies)
        assert browser.get("/v1/me").json()["scopes"] == ["admin"]
        assert browser.get("/v1/catalogs").status_code == 200
        search = "/v1/catalogs/shop/search"
        assert browser.post(search, json={}).status_code == 403
        token = {"X-CSRF-Token": answer.json()["csrf"]}
        assert browser.post(search, json={}, headers=token).status_code == 200
        foreign = {**token, "Origin": "https://evil.example"}
        assert browser.post(search, json={}, headers=foreign).status_code == 403
        assert browser.post("/logout", headers=token).status_code == 200
        assert browser.get("/v1/catalogs").status_code == 401


@pytest.mark.parametrize("cookie", ["x", "a.b", "W10.x", "é", "\x7f" * 10, "." * 3000])
def test_a_cookie_that_is_none_is_nobody(guarded: Service, cookie: str) -> None:
    headers = [(b"Cookie", f"skulens_session={cookie}".encode("latin-1", "replace"))]
    request = guarded.client.build_request("GET", "/v1/catalogs", headers=headers)
    assert guarded.client.send(request).status_code in (400, 401)


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


def test_nobody_listens_for_others_without_keys(tmp_path: Path) -> None:
    options = ServerOptions(tmp_path)
    check_exposure("127.0.0.1", options)
    check_exposure("::1", options)
    with pytest.raises(Refused, match="skulens key create"):
        check_exposure("0.0.0.0", options)
    KeyStore(options.keys).create([Scope.READ])
    check_exposure("192.0.2.1", options)


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


def test_a_body_that_is_refused_before_it_is_read_still_gets_its_sentence(service: Service) -> None:
    for _ in range(5):
        answer = service.client.post(
            "/v1/catalogs/none/videos",
            content=b"x" * 20_000_000,
            headers={"Content-Type": "video/mp4"},
        )
        assert answer.status_code == 404, answer.text
