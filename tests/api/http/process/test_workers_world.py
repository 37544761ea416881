"""Real workers, two of them on one port, as strangers and thieves find them."""

from pathlib import Path

import httpx2
import pytest

from tests.api.http.process.workers import Workers, workers

WRONG = "Bearer sk_0_0"


@pytest.mark.parametrize("headers", [{}, {"x_forwarded_for": "192.0.2.{}"}])
def test_world_a_worker_counts_guesses_by_who_connects_and_not_by_what_is_claimed(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    with workers(tmp_path) as running:
        statuses = [guess(running, number, headers) for number in range(12)]
        assert statuses[:10] == [401] * 10
        assert statuses[-1] == 429
        right = running.ask("/v1/me", authorization=f"Bearer {running.key}")
        assert right.status_code == 429  # it is not looked at, so nobody learns that it is right
        assert int(right.headers["retry-after"]) <= 5


def test_world_a_trusted_proxys_clients_are_counted_one_by_one(tmp_path: Path) -> None:
    with workers(tmp_path, TRUSTED_PROXIES="127.0.0.0/8") as running:
        claimed = {"x_forwarded_for": "192.0.2.1, 198.51.100.{}"}  # the last is the proxy's word
        assert [guess(running, number, claimed) for number in range(12)] == [401] * 12
        one = {"x_forwarded_for": "192.0.2.{}, 198.51.100.77"}
        assert guess(running, 0, one) == 401
        assert [guess(running, number, one) for number in range(11)][-1] == 429


def guess(running: Workers, number: int, headers: dict[str, str]) -> int:
    named = {name: text.format(number) for name, text in headers.items()}
    return running.ask("/v1/me", authorization=WRONG, **named).status_code


def test_world_a_log_out_ends_a_copied_cookie_on_every_worker(tmp_path: Path) -> None:
    with workers(tmp_path, 2) as running:
        with httpx2.Client(base_url=running.url) as browser:
            answer = browser.post("/login", json={"key": running.key})
            stolen = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
            token = {"X-CSRF-Token": answer.json()["csrf"]}
            assert {running.ask("/v1/me", cookie=stolen).status_code for _ in range(20)} == {200}
            assert browser.post("/logout", headers=token).status_code == 200
        assert {running.ask("/v1/me", cookie=stolen).status_code for _ in range(40)} == {401}
        with httpx2.Client(base_url=running.url) as browser:  # others' sessions go on
            assert browser.post("/login", json={"key": running.key}).status_code == 200
            assert browser.get("/v1/me").status_code == 200
