"""Helpers of middleware: stacking it, and reading and changing the start of an answer."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message


def stack(app: ASGIApp, middleware: Sequence[Middleware]) -> ASGIApp:
    """Return an application behind middleware, of which the first one is asked first."""
    for factory, args, kwargs in reversed(middleware):
        app = factory(app, *args, **kwargs)
    return app


def starts_answer(message: Message) -> bool:
    """Whether a message is the first one of an answer, which carries its headers."""
    kind: str = message["type"]
    return kind.endswith("response.start") or kind == "websocket.accept"


def status_of(message: Message) -> int:
    """Return the status of an answer from its first message; 101 for an accepted WebSocket."""
    return int(message.get("status", HTTPStatus.SWITCHING_PROTOCOLS))


def with_headers(message: Message, headers: Mapping[str, str], *, replace: bool = False) -> Message:
    """Return the first message of an answer with more headers.

    Args:
        message: for which `starts_answer` holds.
        headers: names and values to be added.
        replace: whether they replace those of the same name; otherwise those stay.
    """
    merged = MutableHeaders(raw=list(message.get("headers", [])))
    for name, value in headers.items():
        if replace:
            merged[name] = value
        else:
            merged.setdefault(name, value)
    return {**message, "headers": merged.raw}
