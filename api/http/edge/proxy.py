"""From a light worker to the engine: HTTP/1.1 and WebSockets over a Unix socket, streamed."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import h11
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from api.http.problems import Problem
from api.http.pulse import Pulse, Silence

# Seconds for an engine that is being started again, which takes less, or shows no sign of life.
CONNECT_S: Final = 10.0
PROBE_S: Final = 1.5  # in all, of `/readyz`: a load balancer asks every few seconds
_LOOK_S: Final = 0.25  # between two looks at the engine's pulse
_RETRY_S: Final = 0.1  # between two attempts to connect
_CHUNK: Final = 1 << 16  # bytes, read at once
# Headers of one connection, not of a message (RFC 9110, section 7.6.1).
_HOP: Final = frozenset(
    {b"connection", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"host"}
)

_logger: Final = logging.getLogger(__name__)

Headers = list[tuple[bytes, bytes]]


class EngineProxy:
    """An application that forwards every request to the engine's socket.

    While the engine is being started again, requests wait for it, up to `CONNECT_S` seconds. As
    long they wait for an answer of an engine that hangs; one that works may take its time.
    """

    def __init__(
        self, path: Path, pulse: Pulse | None = None, patience_s: float = CONNECT_S
    ) -> None:
        """Forward to the socket at a path.

        Args:
            path: of the socket.
            pulse: of the engine; None if it has none to watch.
            patience_s: seconds for an engine that is not there, or gives no sign of life.
        """
        self._socket = path
        self._pulse = pulse
        self._patience_s = patience_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await _answer_lifespan(receive, send)
        elif scope["type"] == "websocket":
            await self._forward_socket(scope, receive, send)
        elif scope["path"] == "/readyz":
            await self._probe(scope, receive, send)
        else:
            await self._exchange(await self._connect(self._patience_s), scope, receive, send)

    async def _probe(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(PROBE_S):
                await self._exchange(await self._connect(0.0), scope, receive, send)
        except TimeoutError:
            raise engine_silent() from None

    async def _exchange(
        self, connection: socket.socket, scope: Scope, receive: Receive, send: Send
    ) -> None:
        try:
            exchange = _Exchange(connection, self._until_silent)
            await exchange.run(scope, receive, send)
        finally:
            connection.close()

    async def _until_silent(self) -> None:
        """Return when the engine has given no sign of life for as long as patience lasts."""
        if self._pulse is None:
            await asyncio.get_running_loop().create_future()
            return
        silence = Silence(self._pulse)
        while True:
            if silence.seconds() >= self._patience_s:
                return
            await asyncio.sleep(_LOOK_S)

    async def _connect(self, patience_s: float) -> socket.socket:
        loop = asyncio.get_running_loop()
        until = loop.time() + patience_s
        while True:
            connection = socket.socket(socket.AF_UNIX)
            connection.setblocking(False)
            try:
                await loop.sock_connect(connection, str(self._socket))
            except OSError:
                connection.close()
                if loop.time() > until:
                    raise engine_unavailable() from None
                await asyncio.sleep(_RETRY_S)
            except BaseException:
                connection.close()
                raise
            else:
                return connection

    async def _forward_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        (await self._connect(self._patience_s)).close()  # only to wait until the engine is there
        query = scope["query_string"].decode("latin-1")
        path = scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
        kept = [(name, value) for name, value in scope["headers"] if _is_forwarded(name)]
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in kept]
        await receive()  # websocket.connect
        try:
            async with unix_connect(
                str(self._socket), f"ws://engine{path}", additional_headers=headers
            ) as engine:
                await send({"type": "websocket.accept"})
                await _relay(engine, receive, send)
        except InvalidStatus as error:
            await _deny(error, send)
        except (OSError, InvalidHandshake):
            raise engine_unavailable() from None


class _Exchange:
    """One request and its answer.

    A socket and not a stream: an engine that refuses a body before it has read it closes its end,
    and asyncio's streams then lose the answer that was on its way.
    """

    def __init__(
        self, connection: socket.socket, until_silent: Callable[[], Awaitable[None]]
    ) -> None:
        self._connection = connection
        self._until_silent = until_silent
        self._loop = asyncio.get_running_loop()
        self._state = h11.Connection(h11.CLIENT)
        self._has_begun = False

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.create_task(self._send_while_read(scope, receive))
        answering = asyncio.create_task(self._answer(send))
        waiting = asyncio.ensure_future(self._until_silent())
        tasks = [sending, answering, waiting]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                await sending  # raises if the body is refused, or the client left
                tasks.append(asyncio.create_task(_wait_for_disconnect(receive)))
                await asyncio.wait(tasks[1:], return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                await answering
            elif waiting.done():
                raise TimeoutError("it gives no sign of life")
        except ClientDisconnect:
            return
        except (OSError, h11.RemoteProtocolError) as error:
            _logger.warning("the engine broke off: %s", error)
            if not self._has_begun:
                raise _unavailable(error) from None
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send_while_read(self, scope: Scope, receive: Receive) -> None:
        # The engine may refuse a body before it has it all; the other task reads that answer.
        with suppress(BrokenPipeError, ConnectionResetError):
            await self._send_request(scope, receive)

    async def _send_request(self, scope: Scope, receive: Receive) -> None:
        headers: Headers = [(b"host", b"engine"), (b"connection", b"close")]
        headers += [(name, value) for name, value in scope["headers"] if name not in _HOP]
        has_body = any(name == b"transfer-encoding" for name, _ in scope["headers"])
        if has_body:
            headers.append((b"transfer-encoding", b"chunked"))
        has_body = has_body or any(name == b"content-length" for name, _ in headers)
        query = scope["query_string"]
        target = scope["raw_path"] + (b"?" + query if query else b"")
        await self._write(h11.Request(method=scope["method"], target=target, headers=headers))
        more = has_body
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            more = message.get("more_body", False)
            if body := message.get("body", b""):
                await self._write(h11.Data(data=body))
        await self._write(h11.EndOfMessage())

    async def _write(self, event: Any) -> None:  # noqa: ANN401 -- an event of h11
        await self._loop.sock_sendall(self._connection, self._state.send(event) or b"")

    async def _answer(self, send: Send) -> None:
        while True:
            event = self._state.next_event()
            if event is h11.NEED_DATA:
                data = await self._loop.sock_recv(self._connection, _CHUNK)
                self._state.receive_data(data)
            elif isinstance(event, h11.Response):
                self._has_begun = True
                kept = [(name, value) for name, value in event.headers if name not in _HOP]
                status = event.status_code
                await send({"type": "http.response.start", "status": status, "headers": kept})
            elif isinstance(event, h11.Data):
                body = bytes(event.data)
                await send({"type": "http.response.body", "body": body, "more_body": True})
            elif isinstance(event, h11.EndOfMessage):
                await send({"type": "http.response.body", "body": b""})
                return
            elif isinstance(event, h11.ConnectionClosed):
                raise ConnectionResetError("the engine closed the connection")


def engine_unavailable() -> Problem:
    """Return the refusal while there is no engine."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "the engine is being started again; try again in a moment",
        "starting",
        {"Retry-After": "2"},
    )


def engine_silent() -> Problem:
    """Return the refusal of an engine that runs and gives no sign of life."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "the engine does not answer; it is replaced if it stays so, try again in a moment",
        "silent",
        {"Retry-After": "5"},
    )


def _unavailable(error: Exception) -> Problem:
    return engine_silent() if isinstance(error, TimeoutError) else engine_unavailable()


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _answer_lifespan(receive: Receive, send: Send) -> None:
    """Complete start and stop at once: a worker has nothing to begin or to end."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _is_forwarded(name: bytes) -> bool:
    return name not in _HOP and not name.startswith(b"sec-websocket")


async def _relay(engine: ClientConnection, receive: Receive, send: Send) -> None:
    async def send_out() -> None:
        with suppress(ConnectionClosed):
            async for text in engine:
                key = "text" if isinstance(text, str) else "bytes"
                await send({"type": "websocket.send", key: text})

    async def drop_incoming() -> None:
        while (await receive())["type"] != "websocket.disconnect":
            pass  # nothing is asked of a reader

    tasks = {asyncio.create_task(send_out()), asyncio.create_task(drop_incoming())}
    _, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    if engine.close_code is not None or engine.state.name != "OPEN":
        with suppress(RuntimeError, OSError):
            await send({"type": "websocket.close", "code": 1000})


async def _deny(error: InvalidStatus, send: Send) -> None:
    response = error.response
    headers = [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in response.headers.raw_items()
        if name.lower().encode("latin-1") not in _HOP
    ]
    status = response.status_code
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": bytes(response.body or b"")})
