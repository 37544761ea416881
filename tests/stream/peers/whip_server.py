"""WHIP and WHEP over HTTP for tests: minimal routes, on a loop in a thread."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from http import HTTPStatus
from threading import Thread
from typing import Any, TypeVar

from stream.mailbox import Mailbox
from stream.status import SourceStatus
from stream.webrtc.endpoint import WhipEndpoint
from stream.webrtc.peers import WebRtcSettings
from stream.webrtc.preview import Preview
from stream.webrtc.protocol import HttpReply, WhepProtocol, WhipProtocol
from stream.webrtc.whep import WhepEndpoint
from stream.webrtc.whip_source import WhipSource

Result = TypeVar("Result")


class Publication:
    """A publisher that connected, with its statuses."""

    def __init__(self, key: str, source: WhipSource) -> None:
        self.key = key
        self.source = source
        self.mailbox = Mailbox()
        self.heard: list[SourceStatus] = []
        source.start(self.mailbox, self.heard.append)


class WhipServer:
    """Serves /whip, /whep, /session/KEY, /viewer/KEY and one page on a free port of loopback."""

    def __init__(self, settings: WebRtcSettings | None = None, page: str = "") -> None:
        self._page = page
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="whip server")
        self._thread.start()
        self.preview = Preview()
        self.publications: list[Publication] = []
        self.endpoint = WhipEndpoint(settings)
        self.playback = WhepEndpoint(settings)
        self._whip = WhipProtocol(self.endpoint, "/session/{}".format)
        self._whep = WhepProtocol(self.playback, "/viewer/{}".format)
        self._server = self.run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def run(self, work: Coroutine[Any, Any, Result], timeout: float = 10) -> Result:
        """Run a coroutine on the server's loop."""
        future: Future[Result] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result(timeout)

    def tasks(self) -> int:
        """Count the tasks of the loop."""

        async def count() -> int:
            return len(asyncio.all_tasks()) - 1

        return self.run(count())

    def close(self) -> None:
        async def end() -> None:
            self._server.close()
            await self.endpoint.sessions.close()
            await self.playback.sessions.close()
            await self._server.wait_closed()
            await asyncio.sleep(0.05)

        self.run(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            method, path, _ = head[0].split(" ")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in head[1:] if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            writer.write(_encoded(await self._route(method, path, headers, body)))
            await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def _route(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> HttpReply:
        kind = headers.get("content-type")
        if method == "GET":
            return HttpReply(200, {"Content-Type": "text/html"}, self._page)
        if (method, path) == ("POST", "/whip"):
            reply, key = await self._whip.post(kind, body, headers.get("accept"))
            if key is not None and (source := self.endpoint.source(key)) is not None:
                self.publications.append(Publication(key, source))
            return reply
        if (method, path) == ("POST", "/whep"):
            return (await self._whep.post(kind, body, self.preview, headers.get("accept")))[0]
        protocol = self._whep if path.startswith("/viewer/") else self._whip
        key = path.rpartition("/")[2]
        answers: dict[str, Callable[[], Awaitable[HttpReply]]] = {
            "DELETE": lambda: protocol.delete(key),
            "PATCH": lambda: protocol.patch(key, kind, body, headers.get("if-match")),
        }
        return await answers[method]() if method in answers else protocol.options()


def _encoded(reply: HttpReply) -> bytes:
    body = (reply.body or reply.problem).encode()
    lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode() + body
