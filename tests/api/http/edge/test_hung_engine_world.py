"""A worker before an engine that hangs: the socket takes every request, and nothing answers."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from starlette.types import Message

from api.http.edge.proxy import EngineProxy
from api.http.problems import Problem
from api.http.pulse import Pulse
from tests.api.http.edge.asgi import http_scope

PATIENCE_S = 0.5
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

Engine = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def ask(folder: Path, path: str, engine: Engine, pulse: Pulse) -> list[Message]:
    """Ask an engine through a worker: what it sent."""
    sent: list[Message] = []

    async def receive() -> Message:
        silence: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        return await silence

    async def send(message: Message) -> None:
        sent.append(message)

    writers: list[asyncio.StreamWriter] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await engine(reader, writer)

    async def run() -> None:
        async with await asyncio.start_unix_server(accept, folder / "e.sock"):
            proxy = EngineProxy(folder / "e.sock", pulse, PATIENCE_S)
            try:
                await proxy(http_scope(path), receive, send)
            finally:
                for writer in writers:
                    writer.close()
                    await writer.wait_closed()

    asyncio.run(run())
    return sent


async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()  # until whoever calls hangs up
    writer.close()


async def stops_midway(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok")
    await hangs(reader, writer)


def works_long(pulse: Pulse) -> Engine:
    async def engine(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _beat in range(20):
            pulse.beat()
            await asyncio.sleep(PATIENCE_S / 5)
        writer.write(ANSWER)
        writer.close()

    return engine


@pytest.mark.parametrize("path", ["/readyz", "/v1/catalogs"])
def test_whoever_calls_an_engine_that_hangs_gets_a_time_to_come_back(
    tmp_path: Path, path: str
) -> None:
    with pytest.raises(Problem, match="does not answer") as refusal:
        ask(tmp_path, path, hangs, Pulse.create())
    assert (refusal.value.status, refusal.value.kind) == (503, "silent")
    assert int(refusal.value.headers["Retry-After"]) > 0


def test_an_engine_that_shows_its_pulse_may_take_its_time(tmp_path: Path) -> None:
    pulse = Pulse.create()
    sent = ask(tmp_path, "/v1/catalogs", works_long(pulse), pulse)
    assert sent[0]["status"] == 200


def test_an_answer_of_an_engine_that_hangs_midway_is_broken_off(tmp_path: Path) -> None:
    sent = ask(tmp_path, "/v1/catalogs", stops_midway, Pulse.create())
    assert b"".join(message.get("body", b"") for message in sent) == b"ok"
    assert not any(message.get("more_body", False) is False for message in sent[1:])
