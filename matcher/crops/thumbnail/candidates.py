"""Windows of an aspect in a picture, and what each keeps or cuts."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box

# Shares of the largest window's sides. Below a half, a thumbnail shows a detail, not the picture.
SCALES: Final = (1.0, 0.92, 0.84, 0.76, 0.68, 0.6, 0.52)
# Only where every larger window cuts a face.
SMALL_SCALES: Final = (0.44, 0.36, 0.28, 0.2)
_STEPS: Final = 9  # positions of each scale along each side
_MOST_KEPT: Final = 12  # boxes whose edges windows are aligned to
_WHOLE_SHARE: Final = 0.995  # of a box that must be inside for it to count as whole

# (left, top, right, bottom) in pixels a row
Windows = NDArray[np.float64]


def largest_window(width: int, height: int, ratio: float) -> tuple[float, float]:
    """Return width and height of the largest window of an aspect, in pixels."""
    across = min(float(width), height * ratio)
    return across, across / ratio


def place_windows(
    width: int, height: int, ratio: float, boxes: Sequence[Box], scales: Sequence[float]
) -> Windows:
    """Return windows of an aspect at several scales, (N, 4), in whole pixels.

    Each scale has an even grid of positions, those whose edges touch a box from within or without
    (so that a window which cuts none of them is found if one of that scale exists), and those
    centred on boxes.

    Args:
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        ratio: width / height of the windows.
        boxes: to align to; the first dozen are used.
        scales: shares of the largest window's sides.
    """
    largest = largest_window(width, height, ratio)
    spans_x = [(box.left, box.right) for box in boxes[:_MOST_KEPT]]
    spans_y = [(box.top, box.bottom) for box in boxes[:_MOST_KEPT]]
    found = []
    for scale in scales:
        across = min(max(round(scale * largest[0]), 1), width)
        down = min(max(round(across / ratio), 1), height)
        lefts = _starts(width - across, across, spans_x)
        tops = _starts(height - down, down, spans_y)
        left, top = (axis.ravel() for axis in np.meshgrid(lefts, tops))
        found.append(np.stack([left, top, left + across, top + down], axis=1))
    return np.concatenate(found)


def shares_inside(windows: Windows, boxes: Sequence[Box]) -> NDArray[np.float64]:
    """Return the share of each box inside each window, (windows, boxes) in [0, 1]."""
    rows = np.array([[box.left, box.top, box.right, box.bottom] for box in boxes]).reshape(-1, 4)
    near = np.maximum(windows[:, None, :2], rows[None, :, :2])
    far = np.minimum(windows[:, None, 2:], rows[None, :, 2:])
    inside = (far - near).clip(min=0).prod(axis=2)
    areas = (rows[:, 2:] - rows[:, :2]).prod(axis=1)
    return np.asarray(inside / np.maximum(areas, 1e-9)[None])


def is_whole(shares: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which boxes are inside, for shares of `shares_inside`."""
    return shares >= _WHOLE_SHARE


def is_cut(shares: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which boxes an edge goes through, for shares of `shares_inside`."""
    return (shares > 1 - _WHOLE_SHARE) & (shares < _WHOLE_SHARE)


def _starts(room: int, side: int, spans: list[tuple[float, float]]) -> NDArray[np.float64]:
    """Return at which whole pixels windows of one side's length begin, in [0, room]."""
    aligned = [
        start
        for near, far in spans
        for start in (
            math.floor(near),
            math.ceil(far),
            math.floor(near - side),
            math.ceil(far - side),
            round((near + far - side) / 2),
        )
    ]
    if len(spans) > 1:
        nearest, farthest = min(near for near, _ in spans), max(far for _, far in spans)
        aligned.append(round((nearest + farthest - side) / 2))
    grid = np.linspace(0, room, _STEPS).round()
    return np.unique(np.concatenate([grid, np.array(aligned, np.float64).clip(0, room)]))
