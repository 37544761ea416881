"""The access log: one line for each request, refusals included."""

import logging
import time
from http import HTTPStatus
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.edge.messages import starts_answer, status_of

LEFT_STATUS: Final = 499  # nginx's, for a client that left before it was answered

_logger: Final = logging.getLogger("skulens.access")


class AccessLog:
    """Logs what was asked, by whom, what was answered and how long it took.

    Inner applications name the caller by setting `key_id` in the scope.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        began, status = time.perf_counter(), 0

        async def note_status(message: Message) -> None:
            nonlocal status
            if starts_answer(message):
                status = status_of(message)
            elif message["type"] == "websocket.close" and not status:
                status = HTTPStatus.FORBIDDEN  # what a server answers to a socket closed at once
            await send(message)

        try:
            await self._app(scope, receive, note_status)
            status = status or LEFT_STATUS
        finally:
            _logger.info(
                "request",
                extra={
                    "request_id": scope["request_id"],
                    "method": scope.get("method", "GET"),
                    "path": scope["path"],
                    "status": int(status or HTTPStatus.INTERNAL_SERVER_ERROR),
                    "ms": round((time.perf_counter() - began) * 1e3, 1),
                    "key_id": scope.get("key_id", ""),
                    "client": (scope.get("client") or ("", 0))[0],
                },
            )
