"""Bounds of request bodies: size, and silence while one is sent."""

import asyncio
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

IDLE_S: Final = 60.0  # without a byte of a body that is to come
_DIGITS: Final = 18  # of a length; Python reads no number of thousands of digits
_MEGABYTE: Final = 1_000_000  # bytes
# Bytes, each a little more than the form or the image itself may have.
SMALL_BODY: Final = 2 * _MEGABYTE
ONE_IMAGE: Final = 60 * _MEGABYTE
SEVERAL_IMAGES: Final = 160 * _MEGABYTE
MANY_IMAGES: Final = 420 * _MEGABYTE


class BodyLimit:
    """Refuses a body that is too large for its route, before or while it is read."""

    def __init__(self, app: ASGIApp, largest_upload: int) -> None:
        """Stand before an application.

        Args:
            app: reads the body.
            largest_upload: bytes of a video or an import.
        """
        self._app = app
        self._largest_upload = largest_upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection.

        Raises:
            HTTPException: the body is announced to be too large.
        """
        if scope["type"] == "http":
            receive = limit_body(scope, receive, self._most_bytes(scope["path"]))
        await self._app(scope, receive, send)

    def _most_bytes(self, path: str) -> int:
        last = path.rpartition("/")[2]
        if last in ("videos", "import"):
            return self._largest_upload
        if last in ("products", "images") or "/products/" in path:
            return MANY_IMAGES
        if path.endswith("/crops/locate"):
            return SEVERAL_IMAGES
        has_image = last in ("identify", "explain", "search") or "/crops/" in path
        return ONE_IMAGE if has_image else SMALL_BODY


def limit_body(scope: Scope, receive: Receive, most_bytes: int) -> Receive:
    """Return a `receive` that raises when the body is larger or stays silent for `IDLE_S`.

    Raises:
        HTTPException: the body is announced to be too large.
    """
    length = Headers(scope=scope).get("content-length", "0")
    is_length = length.isascii() and length.isdigit() and len(length) <= _DIGITS
    if not is_length or int(length) > most_bytes:
        raise _too_large(most_bytes)
    received, is_whole = 0, False

    async def limited() -> Message:
        nonlocal received, is_whole
        if is_whole:
            return await receive()
        try:
            async with asyncio.timeout(IDLE_S):
                message = await receive()
        except TimeoutError:
            detail = f"nothing came for {IDLE_S:.0f} s"
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, detail) from None
        received += len(message.get("body", b""))
        is_whole = not message.get("more_body", False)
        if received > most_bytes:
            raise _too_large(most_bytes)
        return message

    return limited


def _too_large(most_bytes: int) -> HTTPException:
    detail = f"this is too large; send at most {most_bytes // _MEGABYTE} MB"
    return HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
