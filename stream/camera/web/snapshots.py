"""Cameras that answer one JPEG each time: asked again and again, at a bounded pace."""

from collections.abc import Callable
from threading import Event
from time import monotonic
from typing import Final

from stream.camera.container import ByteStream

PACE_S: Final = 0.5  # from one request to the next; small cameras make a picture in about that


class SnapshotPictures:
    """Joins the pictures of one address after another into an endless body."""

    def __init__(self, first: ByteStream, open_next: Callable[[], ByteStream]) -> None:
        """Begin with a body that has been opened.

        Args:
            first: its body, not read yet.
            open_next: requests the address again; raises `SourceError`.
        """
        self._body = first
        self._open_next = open_next
        self._closing = Event()
        self._requested_at = monotonic()

    def read(self, size: int) -> bytes:
        """Return `size` bytes at most of this picture or the next; empty once it is closed.

        Raises:
            SourceError: the camera refuses the next picture, or the connection broke.
        """
        while not (part := self._body.read(size)):
            self._body.close()
            if self._closing.wait(max(self._requested_at + PACE_S - monotonic(), 0.0)):
                return b""
            self._requested_at = monotonic()
            self._body = self._open_next()
        return part

    def close(self) -> None:
        """Ask no more, and close the connection."""
        self._closing.set()
        self._body.close()
