"""Which words of two pictures lie at one place."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.encodings.printed import PrintedWord

_REACH_SHARE: Final = 0.5  # of a word's height by which its place may be off
_SAME_HEIGHT: Final = 2.2  # times at most that one of two words at one place is higher
_LEAST_HEIGHT_PX: Final = 1.0  # that a word counts as, so that nothing is infinitely higher


def same_places(words: Sequence[PrintedWord], read: Sequence[PrintedWord]) -> NDArray[np.bool_]:
    """Return (W, R) whether each of some words lies where each of those that were read is.

    Either one's middle lies on the other, and neither is much higher.

    Args:
        words: W of a reference.
        read: R of a photo, in pixels of the reference.
    """
    if not words or not read:
        return np.zeros((len(words), len(read)), np.bool_)
    own, other = _Places.of(words), _Places.of(read)
    low = np.minimum(own.heights[:, None], other.heights[None])
    high = np.maximum(own.heights[:, None], other.heights[None])
    alike = high <= _SAME_HEIGHT * np.maximum(low, _LEAST_HEIGHT_PX)
    return alike & (own.hold(other) | other.hold(own).T)


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """Places of N words: (N, 2) middles, lows and highs, (N,) heights, in pixels."""

    middles: NDArray[np.float32]
    lows: NDArray[np.float32]
    highs: NDArray[np.float32]
    heights: NDArray[np.float32]

    @classmethod
    def of(cls, words: Sequence[PrintedWord]) -> "_Places":
        """Measure words."""
        outlines = np.stack([word.outline for word in words])
        heights = np.linalg.norm(outlines[:, 3] - outlines[:, 0], axis=1)
        reach = _REACH_SHARE * heights[:, None]
        lows, highs = outlines.min(axis=1) - reach, outlines.max(axis=1) + reach
        return cls(outlines.mean(axis=1), lows, highs, heights)

    def hold(self, others: "_Places") -> NDArray[np.bool_]:
        """Return (N, M) whether each of these holds the middle of each of M others."""
        middles = others.middles[None]
        inside = (middles >= self.lows[:, None]) & (middles <= self.highs[:, None])
        return np.asarray(inside.all(axis=2), np.bool_)
