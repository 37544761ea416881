"""Random homographies of a picture onto itself."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

# Draws until the corners stay convex; nearly every first one does.
_ATTEMPTS: Final = 50


@dataclass(frozen=True, slots=True)
class WarpRange:
    """How far pictures are warped.

    Attributes:
        corners: displacement at most, in shares of the side.
        turn_deg: at most, either way.
        scale: smallest and largest.
    """

    corners: float = 0.22
    turn_deg: float = 45.0
    scale: tuple[float, float] = (0.6, 1.5)


def draw_warp(
    width: int, height: int, reach: WarpRange, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw a (3, 3) homography from a picture's pixels to the warped one's."""
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    middle = np.array([width / 2, height / 2])
    low, high = np.log(reach.scale)
    for _ in range(_ATTEMPTS):
        shift = rng.uniform(-reach.corners, reach.corners, (4, 2)) * (width, height)
        turn = np.radians(rng.uniform(-reach.turn_deg, reach.turn_deg))
        scale = np.exp(rng.uniform(low, high))
        around = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        moved = ((corners + shift - middle) @ around.T + middle).astype(np.float32)
        if cv2.isContourConvex(moved):
            matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), moved)
            return np.asarray(matrix, np.float64)
    return np.eye(3)


def warp_points(
    points: NDArray[np.float32], homography: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return the (N, 2) points mapped by a homography."""
    if len(points) == 0:
        return np.zeros((0, 2), np.float32)
    moved = cv2.perspectiveTransform(points[None].astype(np.float64), homography)[0]
    return np.asarray(moved, np.float32)


def inside(points: NDArray[np.float32], width: int, height: int) -> NDArray[np.bool_]:
    """Return (N,) bool: which points lie in a picture of that size."""
    x, y = points[:, 0], points[:, 1]
    return np.asarray((x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1))
