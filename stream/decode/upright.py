"""Turns pictures upright by the display matrix that came with them."""

import cv2
import numpy as np
from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame
from numpy.typing import NDArray


def display_matrix(frame: VideoFrame) -> NDArray[np.int32] | None:
    """Return the (2, 2) part of a frame's display matrix that rotates and mirrors, if any."""
    side_data = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(side_data, SideData):
        return None
    matrix = np.frombuffer(bytes(side_data), dtype=np.int32, count=9).reshape(3, 3)
    return matrix[:2, :2].copy()


def turn_upright(image: NDArray[np.uint8], matrix: NDArray[np.int32] | None) -> NDArray[np.uint8]:
    """Apply a display matrix, rounded to quarter turns.

    Args:
        image: (H, W, 3) uint8.
        matrix: (2, 2); a point (x, y) goes to (x, y) @ matrix, y pointing down.
    """
    if matrix is None or not matrix.any():
        return np.ascontiguousarray(image)
    (a, b), (c, d) = matrix.tolist()
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return _flipped(image, across=a < 0, down=d < 0)
    return _flipped(np.asarray(cv2.transpose(image), np.uint8), across=c < 0, down=b < 0)


def _flipped(image: NDArray[np.uint8], *, across: bool, down: bool) -> NDArray[np.uint8]:
    if not across and not down:
        return np.ascontiguousarray(image)
    code = -1 if across and down else int(across)
    return np.asarray(cv2.flip(image, code), np.uint8)
