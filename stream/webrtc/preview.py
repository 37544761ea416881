"""The newest annotated picture of a session, for people who want to look."""

from collections.abc import Callable
from threading import Lock
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
JPEG_QUALITY: Final = 85


class Screen:
    """Holds one picture, the newest; thread-safe. Nothing is drawn while nobody looks."""

    def __init__(self) -> None:
        """Show nothing yet."""
        self._lock = Lock()
        self._drawing = Lock()
        self._draw: Callable[[], Picture] | None = None
        self._drawn: tuple[int, Picture] | None = None
        self._number = 0
        self._viewers = 0

    @property
    def viewers(self) -> int:
        """Who is watching now; snapshots do not count."""
        return self._viewers

    @property
    def number(self) -> int:
        """How many pictures were shown so far; changes with each."""
        return self._number

    def show(self, draw: Callable[[], Picture]) -> None:
        """Show a picture in the place of the one before it; never blocks.

        Args:
            draw: makes the picture, (H, W, 3) uint8 RGB, in the thread of whoever looks.
        """
        with self._lock:
            self._number += 1
            self._draw = draw

    def picture(self) -> Picture | None:
        """The newest picture, drawn now unless it was before; None before the first. Blocks."""
        with self._drawing:
            with self._lock:
                number, draw = self._number, self._draw
            if draw is None:
                return None
            if self._drawn is None or self._drawn[0] != number:
                self._drawn = number, draw()
            return self._drawn[1]

    def snapshot(self, quality: int = JPEG_QUALITY) -> bytes | None:
        """The newest picture as JPEG; None before the first. Blocks while it draws and encodes."""
        picture = self.picture()
        if picture is None:
            return None
        bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
        return bytes(encoded)

    def add_viewer(self, change: int) -> None:
        """Count viewers that come (1) or go (-1)."""
        with self._lock:
            self._viewers += change
