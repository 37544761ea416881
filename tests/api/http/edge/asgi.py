"""Drives an ASGI application by hand: what it is sent, and what it sends."""

import asyncio
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def http_scope(path: str = "/", method: str = "GET", **headers: str) -> Scope:
    """A request from loopback; underscores in the names of headers stand for dashes."""
    pairs = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(),
        "query_string": b"", "headers": pairs, "client": ("127.0.0.1", 5), "request_id": "r",
    }  # fmt: skip


def drive(app: ASGIApp, scope: Scope, incoming: Sequence[Message] = ()) -> list[Message]:
    """Run an application on one request to its end: the messages that it sent."""
    waiting, sent = list(incoming), list[Message]()

    async def receive() -> Message:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(_run(app, scope, receive, send))
    return sent


async def _run(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)


def headers_of(sent: Sequence[Message]) -> Headers:
    """Headers of the answer."""
    return Headers(raw=sent[0]["headers"])


def answering(status: int = 200, **headers: str) -> ASGIApp:
    """An application that answers everything alike, and keeps the scopes that it got."""
    raw = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]

    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": b""})

    return app


def raising(error: Exception) -> ASGIApp:
    """An application that refuses everything."""

    async def app(_: Scope, __: Receive, ___: Send) -> None:
        raise error

    return app


def reading(bodies: list[bytes]) -> ASGIApp:
    """An application that reads its body into a list."""

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        more = True
        while more:
            message = await receive()
            bodies.append(message.get("body", b""))
            more = message.get("more_body", False)
        await answering()(_, receive, send)

    return app
