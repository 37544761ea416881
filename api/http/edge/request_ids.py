"""Request ids: in the answer, in every log line about it, and in what the engine is sent."""

import re
import secrets
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.edge.messages import starts_answer, with_headers

REQUEST_ID: Final = "x-request-id"
_PATTERN: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_RANDOM_BYTES: Final = 8


class RequestIds:
    """Keeps the id that a client gives, or makes one; inner applications find it in the scope."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        given = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = given if _PATTERN.fullmatch(given) else secrets.token_hex(_RANDOM_BYTES)
        raw_name = REQUEST_ID.encode()
        headers = [(name, value) for name, value in scope["headers"] if name != raw_name]
        headers.append((raw_name, request_id.encode()))

        async def send_with_id(message: Message) -> None:
            if starts_answer(message):
                message = with_headers(message, {REQUEST_ID: request_id}, replace=True)
            await send(message)

        inner = {**scope, "headers": headers, "request_id": request_id}
        await self._app(inner, receive, send_with_id)
