"""Resizing with the right filter: to a range of sizes, or into a padded canvas."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

# Averaging keeps fine print from turning into noise when a picture shrinks to under half.
_AVERAGE_BELOW: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Letterbox:
    """A picture inside a padded one.

    Attributes:
        image: (H, W, 3) uint8, RGB.
        scale_x: pixels in `image` per pixel of the original, across.
        scale_y: pixels in `image` per pixel of the original, down.
        left: padded columns before the picture.
        top: padded rows above it.
    """

    image: NDArray[np.uint8]
    scale_x: float
    scale_y: float
    left: int
    top: int

    def to_original(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map (..., 2) corners (x, y) in `image` to the original's pixels."""
        offset = np.array([self.left, self.top], dtype=np.float32)
        scale = np.array([self.scale_x, self.scale_y], dtype=np.float32)
        return ((points - offset) / scale).astype(np.float32)


def letterbox(
    image: NDArray[np.uint8], width: int, height: int, fill: tuple[int, int, int]
) -> Letterbox:
    """Resize an (H, W, 3) picture to fit, centred, and pad it to exactly (height, width)."""
    rows, columns = image.shape[:2]
    scale = min(width / columns, height / rows)
    inner = (max(round(columns * scale), 1), max(round(rows * scale), 1))
    method = cv2.INTER_AREA if scale < _AVERAGE_BELOW else cv2.INTER_LINEAR
    resized = cv2.resize(image, inner, interpolation=method) if inner != (columns, rows) else image
    canvas = np.empty((height, width, 3), dtype=np.uint8)
    canvas[:] = fill
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    canvas[top : top + inner[1], left : left + inner[0]] = resized
    return Letterbox(canvas, inner[0] / columns, inner[1] / rows, left, top)


def to_planes(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Turn (B, H, W, 3) uint8 into network input: (B, 3, H, W) float32 in [0, 1]."""
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2), dtype=np.float32) / np.float32(255)


def resize_within(
    image: NDArray[np.uint8], shortest_allowed: int, longest_allowed: int
) -> tuple[NDArray[np.uint8], float]:
    """Bring the longest side of a picture between two lengths; also return the factor used.

    Args:
        image: (H, W, 3) uint8.
        shortest_allowed: pixels; a smaller picture is enlarged to this longest side.
        longest_allowed: pixels; a larger picture is reduced to this longest side.
    """
    longest = max(image.shape[:2])
    factor = min(max(longest, shortest_allowed), longest_allowed) / longest
    if factor == 1.0:
        return image, 1.0
    size = (max(round(image.shape[1] * factor), 1), max(round(image.shape[0] * factor), 1))
    method = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
    return cv2.resize(image, size, interpolation=method).astype(np.uint8), factor


def halved(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an (H, W, 3) picture at half its size, each pixel the mean of four.

    Averaging by exactly two takes a tenth of the time of other factors; an odd last row or column
    is left out. A side of one pixel stays.
    """
    rows, columns = (side // 2 for side in image.shape[:2])
    if not rows or not columns:
        size = (max(columns, 1), max(rows, 1))
        return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    even = image[: 2 * rows, : 2 * columns]
    return np.asarray(cv2.resize(even, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)


def reduced(image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Return an (H, W, 3) picture at a size: halved while it is more than twice as large.

    Takes a fraction of the time of averaging at once, and nothing becomes noise.
    """
    while image.shape[1] >= 2 * width and image.shape[0] >= 2 * height:
        image = halved(image)
    if image.shape[:2] == (height, width):
        return image
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
