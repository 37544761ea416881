"""Resizing with the right filter."""

import cv2
import numpy as np
from numpy.typing import NDArray


def resized(
    image: NDArray[np.uint8], shortest_allowed: int, longest_allowed: int
) -> tuple[NDArray[np.uint8], float]:
    """The picture with its longest side brought between two lengths, and the factor used.

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
