"""Headers of every answer, so that a browser helps to keep things where they belong."""

from collections.abc import Mapping
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.edge.messages import starts_answer, with_headers

_PAGE_POLICY: Final = "; ".join((
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "media-src 'self' blob:",
    "connect-src 'self'",
    "font-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
))  # fmt: skip

PAGE_HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": _PAGE_POLICY,
    "cache-control": "no-cache",
}
# Nothing that comes from the API is a page, whatever a browser thinks of it.
API_HEADERS: Final[Mapping[str, str]] = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "cache-control": "no-store",
}
# A year, in seconds: a browser that came over TLS once does not come without it again.
TLS_HEADERS: Final[Mapping[str, str]] = {"strict-transport-security": "max-age=31536000"}


class SecurityHeaders:
    """Adds headers to an answer, except those that it has."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""

        async def send_with_headers(message: Message) -> None:
            if starts_answer(message):
                message = with_headers(message, self._headers)
            await send(message)

        await self._app(scope, receive, send_with_headers)
