"""Bodies of all requests together are bounded, before they are read."""

import asyncio
import socket
from http import HTTPStatus
from pathlib import Path

import pytest

from api.http.problems import Problem
from api.http.requests.body_budget import HUGE_BYTES, LARGE_BYTES, MOST_COUNT, BodyBudget
from tests.api.http.serving import Service, png, serving


def test_world_bodies_beyond_the_budget_come_again_later() -> None:
    budget = BodyBudget(100)
    budget.enter(60)
    with pytest.raises(Problem) as refused:
        budget.enter(41)
    assert refused.value.status == 503
    assert int(refused.value.headers["Retry-After"]) > 0
    budget.enter(40)
    with pytest.raises(Problem):
        budget.grow(1)
    budget.leave(60)
    budget.grow(60)


def test_world_a_body_larger_than_the_budget_is_let_in_alone() -> None:
    budget = BodyBudget(100)
    budget.enter(1000)
    with pytest.raises(Problem):
        budget.enter(1)
    budget.leave(1000)
    budget.enter(1)


def test_world_small_bodies_are_bounded_in_number() -> None:
    budget = BodyBudget(10**9)
    for _ in range(MOST_COUNT):
        budget.enter(1)
    with pytest.raises(Problem):
        budget.enter(1)


def test_world_a_large_body_is_not_read_when_its_turn_would_come_too_late() -> None:
    def late() -> None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "late")

    budget = BodyBudget(10**9, late)
    budget.enter(LARGE_BYTES - 1)
    with pytest.raises(Problem, match="late"):
        budget.enter(LARGE_BYTES)


@pytest.mark.parametrize("through_proxy", [False, True])
def test_world_a_refused_body_is_answered_before_it_is_sent_and_the_next_is_taken(
    tmp_path: Path, through_proxy: bool
) -> None:
    with serving(tmp_path, through_proxy=through_proxy, bodies_gb=0.04) as running:
        running.client.post("/v1/catalogs", json={"catalog": "shop"}).raise_for_status()
        assert running.add("tea", 1).status_code == 201
        with beginning(running, 30_000_000), beginning(running, 30_000_000) as second:
            answer = second.recv(1000)
            assert answer.startswith(b"HTTP/1.1 503")
            assert b"\r\nretry-after: " in answer.lower()
        running.client.post(
            "/v1/catalogs/shop/identify", content=png(1), headers={"Content-Type": "image/png"}
        ).raise_for_status()
        assert list(running.options.spool.iterdir()) == []


def beginning(running: Service, length: int) -> socket.socket:
    """A connection on which an upload has begun."""
    host, port = running.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=20)
    head = "POST /v1/catalogs/shop/identify HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png"
    connection.sendall(f"{head}\r\nContent-Length: {length}\r\n\r\n".encode() + b"x" * 100_000)
    running.client.get("/healthz").raise_for_status()
    return connection


def test_world_huge_pictures_are_worked_on_one_at_a_time() -> None:
    async def run() -> None:
        budget = BodyBudget(10**9, longest_wait_s=0.01)
        async with budget.alone_if_huge(HUGE_BYTES), budget.alone_if_huge(HUGE_BYTES - 1):
            with pytest.raises(Problem) as refused:
                async with budget.alone_if_huge(HUGE_BYTES):
                    pass
        assert refused.value.status == 503
        async with budget.alone_if_huge(HUGE_BYTES):
            pass

    asyncio.run(run())
