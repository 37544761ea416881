"""A print at every size it may be needed in."""

import cv2
import numpy as np
from numpy.typing import NDArray


class Texture:
    """Halves a picture along each axis as often as asked, once.

    Args:
        picture: (H, W, 3) RGB.
    """

    def __init__(self, picture: NDArray[np.uint8]) -> None:
        self._levels = {(0, 0): picture}

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the full picture."""
        height, width = self._levels[0, 0].shape[:2]
        return height, width

    def sized(self, width: float, height: float) -> NDArray[np.uint8]:
        """Return the smallest halving that still has at least that many pixels each way."""
        full_height, full_width = self.shape
        across = int(np.clip(np.floor(np.log2(full_width / max(width, 1.0))), 0, 5))
        down = int(np.clip(np.floor(np.log2(full_height / max(height, 1.0))), 0, 5))
        return self._level(across, down)

    def _level(self, across: int, down: int) -> NDArray[np.uint8]:
        if (across, down) not in self._levels:
            full_height, full_width = self.shape
            size = (max(full_width >> across, 1), max(full_height >> down, 1))
            small = cv2.resize(self._levels[0, 0], size, interpolation=cv2.INTER_AREA)
            self._levels[across, down] = small.astype(np.uint8, copy=False)
        return self._levels[across, down]
