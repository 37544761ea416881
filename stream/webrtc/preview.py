"""The newest annotated picture of a session, for viewers and snapshots."""

from collections.abc import Callable
from threading import Lock
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

RgbImage = NDArray[np.uint8]
JPEG_QUALITY: Final = 85  # of 100; above it files grow faster than they look better


class Preview:
    """Holds the newest picture; thread-safe. It is drawn only when a viewer asks for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._drawing = Lock()
        self._draw: Callable[[], RgbImage] | None = None
        self._drawn: tuple[int, RgbImage] | None = None
        self._number = 0
        self._viewers = 0

    @property
    def viewers(self) -> int:
        """The number of viewers now; snapshots do not count."""
        return self._viewers

    @property
    def number(self) -> int:
        """The number of pictures shown so far; changes with each."""
        return self._number

    def show(self, draw: Callable[[], RgbImage]) -> None:
        """Replace the picture; never blocks.

        Args:
            draw: makes the picture, (H, W, 3) uint8 RGB, in the viewer's thread.
        """
        with self._lock:
            self._number += 1
            self._draw = draw

    def picture(self) -> RgbImage | None:
        """Return the newest picture, None before the first; blocks while it is drawn."""
        with self._drawing:
            with self._lock:
                number, draw = self._number, self._draw
            if draw is None:
                return None
            if self._drawn is None or self._drawn[0] != number:
                self._drawn = number, draw()
            return self._drawn[1]

    def snapshot(self, quality: int = JPEG_QUALITY) -> bytes | None:
        """Return the newest picture as JPEG, None before the first; blocks while it is drawn."""
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
