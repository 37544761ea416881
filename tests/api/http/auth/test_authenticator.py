"""Who comes in."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from api.http.auth.addresses import client_of
from api.http.auth.keys import KeyStore
from api.http.auth.scope import Scope
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


def test_without_keys_only_this_machines_own_pages_come_in(service: Service) -> None:
    get, post = service.client.get, service.client.post
    assert get("/v1/catalogs", headers={"Host": "evil.example"}).status_code == 401
    forged = post("/v1/catalogs", json={}, headers={"Origin": "http://evil.example"})
    assert forged.status_code == 403
    own = post("/v1/catalogs", json={"catalog": "shop"}, headers={"Origin": service.url})
    assert own.status_code == 409


def test_nobody_names_the_principal_but_the_gateway(guarded: Service) -> None:
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


def test_world_figures_of_other_catalogs_are_not_shown_to_a_key_of_one(guarded: Service) -> None:
    own, another = (bearer(guarded, Scope.READ, catalogs=(name,)) for name in ("shop", "other"))
    assert eventually(guarded, own) == eventually(guarded, another) == 200
    figures = guarded.client.get("/metrics", headers=own).text
    assert 'skulens_index_version{catalog="shop"}' in figures
    assert '"shop"' not in guarded.client.get("/metrics", headers=another).text


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


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_world_without_keys_nobody_comes_in_through_a_proxy(service: Service, name: str) -> None:
    headers = {name: "for=127.0.0.1" if name == "Forwarded" else "127.0.0.1"}
    assert service.client.get("/v1/catalogs", headers=headers).status_code == 401


def test_world_clients_of_one_network_of_ipv6_are_one_client() -> None:
    one, two = "2001:db8:0:1::5", "2001:db8:0:1:ffff::6%eth0"
    assert client_of(one) == client_of(two) != client_of("2001:db8:0:2::5")
    assert client_of("::ffff:192.0.2.1") == client_of("192.0.2.1")
    assert client_of("") == ""
