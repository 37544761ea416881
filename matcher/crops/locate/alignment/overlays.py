"""Something drawn over a crop in one colour: a badge, a watermark, a word.

What is laid over moves every pixel from the full picture's colour towards one and the same colour,
by however much it covers it (Porter and Duff, 1984). Something that moved or that differs shows
pixels of its own, and brightens here what it darkens there.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_OFF: Final = 18.0  # grey levels; compression leaves less, after smoothing
_NOISE: Final = 5.0  # times the median difference: the same where compression is strong
_SMOOTHING_PX: Final = 0.8
_LARGEST_SHARE: Final = 0.15  # of the crop; what covers more is no small overlay
_FEWEST_PX: Final = 20  # that differ; less disturbs nothing
_TOLERANCE: Final = 16.0  # grey levels between a pixel and what the overlay makes of it, at least
_TOLERATED: Final = 0.7  # of what counts as a difference: the same where compression is strong
_COVERS: Final = (0.1, 1.1)  # share of the overlay's colour in a pixel, rounding allowed
_EXPLAINED: Final = 0.88  # share of the pixels that differ; the others are ringing at edges
_EDGE_PX: Final = 5  # around an overlay, blurred and ringing: left out, too


def find_overlay(
    crop: NDArray[np.float32], full: NDArray[np.float32], inside: NDArray[np.bool_]
) -> NDArray[np.bool_] | None:
    """Where one colour was laid over a crop; None where what differs is nothing of that kind.

    Args:
        crop: (h, w, 3) grey levels.
        full: (h, w, 3) the full picture at its place, in the crop's colours.
        inside: (h, w) where it has pixels.
    """
    one = cv2.GaussianBlur(crop, (0, 0), _SMOOTHING_PX)
    other = cv2.GaussianBlur(full, (0, 0), _SMOOTHING_PX)
    size = np.abs(one - other).max(axis=2)
    limit = max(_OFF, _NOISE * float(np.median(size[inside])))
    off = (size > limit) & inside
    count = int(off.sum())
    if count < _FEWEST_PX or count > _LARGEST_SHARE * inside.sum():
        return None
    shown, hidden = one[off].astype(np.float64), other[off].astype(np.float64)
    tolerance = max(_TOLERANCE, _TOLERATED * limit)
    explained = max(
        _explained(colour, shown, hidden, tolerance) for colour in _colours(shown, hidden)
    )
    if explained < _EXPLAINED:
        return None
    kernel = np.ones((2 * _EDGE_PX + 1, 2 * _EDGE_PX + 1), np.uint8)
    return np.asarray(cv2.dilate(off.astype(np.uint8), kernel) > 0, np.bool_)


def _colours(shown: NDArray[np.float64], hidden: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Colours it may have: where all changes lead to, the middle one, white, black."""
    change = shown - hidden
    along = change / np.maximum(np.linalg.norm(change, axis=1, keepdims=True), 1e-6)
    middle = np.median(shown, axis=0)
    # The point nearest to all lines through a pixel's two colours.
    across = np.eye(3)[None] - along[:, :, None] * along[:, None, :]
    left = across.sum(axis=0) + 0.01 * len(shown) * np.eye(3)
    right = np.einsum("nij,nj->i", across, hidden) + 0.01 * len(shown) * middle
    meeting = np.clip(np.linalg.solve(left, right), 0, 255)
    return [meeting, middle, np.full(3, 255.0), np.zeros(3)]


def _explained(
    colour: NDArray[np.float64],
    shown: NDArray[np.float64],
    hidden: NDArray[np.float64],
    tolerance: float,
) -> float:
    """Share of pixels that are the hidden ones moved towards a colour."""
    towards = colour - hidden
    cover = ((shown - hidden) * towards).sum(axis=1) / np.maximum((towards**2).sum(axis=1), 1.0)
    cover = np.clip(cover, *_COVERS)
    off = np.abs(hidden + cover[:, None] * towards - shown).max(axis=1)
    return float((off < tolerance).mean())
