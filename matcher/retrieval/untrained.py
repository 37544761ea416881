"""An embedder without training: histograms of colours and edges. Stands in for the network."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.retrieval.multi_crop import NEVER

# A change of these is a change of the part id.
_SIDE: Final = 96  # pixels of the squeezed picture
_CELLS: Final = 3  # across and down
_COLOURS: Final = 6  # bins of a and of b
_ANGLES: Final = 8  # bins of half a turn


class ColourEmbedder:
    """Implements `Embedder`: square-rooted histograms of chroma, lightness and gradients."""

    @property
    def part_id(self) -> str:
        """Changes with the descriptor."""
        return f"colour-{_CELLS}x{_CELLS}-{_COLOURS}-{_ANGLES}"

    @property
    def multi_crop_from(self) -> float:
        """Never: to colours and gradients, crops of any picture look like the whole."""
        return NEVER

    def embed(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return (N, 396) float32 unit vectors of N (H, W, 3) RGB pictures."""
        size = _CELLS * _CELLS * (_COLOURS * _COLOURS + _ANGLES)
        vectors = [_describe(image) for image in images]
        return np.stack(vectors) if vectors else np.zeros((0, size), np.float32)


def _describe(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    small = cv2.resize(image, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    spread = (lab[..., 1:] - 64) / 128 * _COLOURS
    a, b = np.moveaxis(np.clip(spread.astype(int), 0, _COLOURS - 1), 2, 0)
    grey = lab[..., 0]
    dx, dy = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    angle = ((np.arctan2(dy, dx) % np.pi) / np.pi * _ANGLES).astype(int) % _ANGLES
    step = _SIDE // _CELLS
    parts = []
    for top in range(0, _SIDE, step):
        for left in range(0, _SIDE, step):
            cell = np.s_[top : top + step, left : left + step]
            colours = np.bincount(
                (a[cell] * _COLOURS + b[cell]).ravel(), minlength=_COLOURS * _COLOURS
            )
            turns = np.bincount(
                angle[cell].ravel(), np.hypot(dx, dy)[cell].ravel(), minlength=_ANGLES
            )
            parts += [colours / max(colours.sum(), 1), turns / max(turns.sum(), 1e-6)]
    root = np.sqrt(np.concatenate(parts))
    return np.asarray(root / np.linalg.norm(root), np.float32)
