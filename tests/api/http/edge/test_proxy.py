"""From a worker to the engine's socket."""

import asyncio
from pathlib import Path

import pytest
from starlette.types import Message, Scope

from api.http.edge.proxy import EngineProxy
from api.http.problems import Problem
from tests.api.http.edge.asgi import drive, http_scope
from tests.api.http.serving import Service


def test_a_body_that_is_refused_before_it_is_read_still_gets_its_sentence(service: Service) -> None:
    for _ in range(5):
        answer = service.client.post(
            "/v1/catalogs/none/videos",
            content=b"x" * 20_000_000,
            headers={"Content-Type": "video/mp4"},
        )
        assert answer.status_code == 404, answer.text


def forward(folder: Path, answer: bytes, scope: Scope) -> tuple[bytes, list[Message]]:
    """Forward a request to an engine that gives this answer: what it read, and what came back."""
    sent: list[Message] = []
    heads: list[bytes] = []

    async def engine(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        writer.close()

    async def receive() -> Message:
        silence: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        return await silence

    async def send(message: Message) -> None:
        sent.append(message)

    async def run() -> None:
        async with await asyncio.start_unix_server(engine, folder / "e.sock"):
            await EngineProxy(folder / "e.sock")(scope, receive, send)

    asyncio.run(run())
    return heads[0], sent


def test_headers_of_one_connection_stay_on_it(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\nx-a: 1\r\ncontent-length: 2\r\n\r\nok"
    scope = {**http_scope("/v1/x", host="shop", te="gzip", x_b="2"), "query_string": b"a=1"}
    head, sent = forward(tmp_path, answer, scope)
    assert head.startswith(b"GET /v1/x?a=1 HTTP/1.1\r\n")
    lines = head.lower().split(b"\r\n")
    assert b"host: engine" in lines
    assert b"x-b: 2" in lines
    assert not any(line.startswith(b"te:") for line in lines)
    assert sent[0]["headers"] == [(b"x-a", b"1"), (b"content-length", b"2")]
    assert b"".join(message["body"] for message in sent[1:]) == b"ok"


def test_an_engine_that_breaks_off_before_it_answers_is_starting_again(tmp_path: Path) -> None:
    with pytest.raises(Problem) as refusal:
        forward(tmp_path, b"", http_scope("/v1/x"))
    assert (refusal.value.status, refusal.value.kind) == (503, "starting")


def test_a_probe_does_not_wait_for_an_engine_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="being started again") as refusal:
        drive(EngineProxy(tmp_path / "none.sock"), http_scope("/readyz"))
    assert refusal.value.headers == {"Retry-After": "2"}


def test_a_worker_starts_and_stops_without_the_engine(tmp_path: Path) -> None:
    incoming = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent = drive(EngineProxy(tmp_path / "none.sock"), {"type": "lifespan"}, incoming)
    kinds = [message["type"] for message in sent]
    assert kinds == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
