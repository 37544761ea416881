"""Drawn shapes whose corners are known: what a keypoint detector learns first.

As in DeTone, Malisiewicz and Rabinovich, "SuperPoint: Self-Supervised Interest Point Detection and
Description", 2018.
"""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from training.augment.warps import WarpRange, draw_warp, inside, warp_points

Points = NDArray[np.float32]
Canvas = NDArray[np.uint8]

# Levels, of 255, by which a shape differs from its ground at least.
_APART: Final = 25
_WARP: Final = WarpRange(corners=0.2, turn_deg=45, scale=(0.7, 1.3))


def draw_shape(side: int, rng: np.random.Generator) -> tuple[Canvas, Points]:
    """Draw a grey (side, side) picture of one kind of shape, and its (N, 2) corners."""
    canvas = _ground(side, rng)
    kind = _KINDS[int(rng.integers(len(_KINDS)))]
    corners = kind(canvas, rng)
    blurred = cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.4, 1.6)).astype(np.float32)
    noisy = blurred + rng.normal(0, rng.uniform(0, 9), canvas.shape)
    image = np.clip(noisy, 0, 255).astype(np.uint8)
    return image, corners[inside(corners, side, side)]


def _ground(side: int, rng: np.random.Generator) -> Canvas:
    """Draw soft blotches around one level."""
    coarse = rng.normal(rng.uniform(40, 215), 18, (5, 5)).astype(np.float32)
    smooth = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    return np.clip(smooth, 0, 255).astype(np.uint8)


def _ink(canvas: Canvas, rng: np.random.Generator) -> int:
    """Draw a level that stands out."""
    ground = float(canvas.mean())
    darker, brighter = ground - _APART, 255 - _APART - ground
    if rng.random() * (max(darker, 0) + max(brighter, 0)) < max(darker, 0):
        return int(rng.uniform(0, max(darker, 1)))
    return int(255 - rng.uniform(0, max(brighter, 1)))


def _polygon(canvas: Canvas, rng: np.random.Generator) -> Points:
    side = len(canvas)
    found: list[Points] = []
    for _ in range(rng.integers(1, 4)):
        count = int(rng.integers(3, 7))
        angles = np.sort(rng.uniform(0, 2 * np.pi, count))
        radius = rng.uniform(0.12, 0.35) * side * rng.uniform(0.7, 1, count)
        ring = np.stack([np.cos(angles), np.sin(angles)], 1) * radius[:, None]
        corners = (ring + rng.uniform(0.2, 0.8, 2) * side).astype(np.int32)
        covered = np.zeros_like(canvas)
        cv2.fillPoly(covered, [corners], 255)
        found = [points[covered[_at(points, side)] == 0] for points in found]
        canvas[covered > 0] = _ink(canvas, rng)
        found.append(corners.astype(np.float32))
    return np.concatenate(found)


def _lines(canvas: Canvas, rng: np.random.Generator) -> Points:
    side = len(canvas)
    ends = rng.integers(0, side, (int(rng.integers(2, 7)), 2, 2))
    for start, end in ends.tolist():
        cv2.line(canvas, start, end, _ink(canvas, rng), int(rng.integers(1, 4)), cv2.LINE_AA)
    return ends.reshape(-1, 2).astype(np.float32)


def _star(canvas: Canvas, rng: np.random.Generator) -> Points:
    side = len(canvas)
    middle = rng.integers(side // 4, 3 * side // 4, 2)
    rays = rng.uniform(0, 2 * np.pi, int(rng.integers(3, 7)))
    reach = rng.uniform(0.15, 0.4, len(rays)) * side
    ends = (middle + np.stack([np.cos(rays), np.sin(rays)], 1) * reach[:, None]).astype(int)
    ink, thick = _ink(canvas, rng), int(rng.integers(1, 4))
    for end in ends.tolist():
        cv2.line(canvas, middle.tolist(), end, ink, thick, cv2.LINE_AA)
    return np.concatenate([middle[None], ends]).astype(np.float32)


def _board(canvas: Canvas, rng: np.random.Generator) -> Points:
    """Draw a checkerboard under a random homography."""
    side = len(canvas)
    rows, columns = (int(x) for x in rng.integers(3, 8, 2))
    cell = side / max(rows, columns) * 0.8
    levels = rng.integers(0, 256, (rows, columns)).astype(np.uint8)
    size = (int(columns * cell), int(rows * cell))
    board = cv2.resize(levels, size, interpolation=cv2.INTER_NEAREST)
    shift = np.array([[1, 0, (side - size[0]) / 2], [0, 1, (side - size[1]) / 2], [0, 0, 1]])
    warp = draw_warp(side, side, _WARP, rng) @ shift
    covered = cv2.warpPerspective(np.full_like(board, 255), warp, (side, side))
    seen = cv2.warpPerspective(board, warp, (side, side))
    canvas[covered > 127] = seen[covered > 127]
    grid = np.stack(np.meshgrid(np.arange(1, columns), np.arange(1, rows)), -1).reshape(-1, 2)
    return warp_points((grid * cell - 0.5).astype(np.float32), warp)


def _ellipses(canvas: Canvas, rng: np.random.Generator) -> Points:
    """Draw shapes without a corner."""
    side = len(canvas)
    for _ in range(rng.integers(1, 5)):
        at = rng.integers(0, side, 2).tolist()
        axes = rng.integers(side // 16, side // 4, 2).tolist()
        cv2.ellipse(canvas, at, axes, rng.uniform(0, 180), 0, 360, _ink(canvas, rng), -1)
    return np.zeros((0, 2), np.float32)


def _at(points: Points, side: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    places = points.astype(np.intp).clip(0, side - 1)
    return places[:, 1], places[:, 0]


_KINDS: Final[tuple[Callable[[Canvas, np.random.Generator], Points], ...]] = (
    _polygon, _polygon, _lines, _star, _board, _ellipses,
)  # fmt: skip
