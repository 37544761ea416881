"""Layout of colours, lightness and edges, along axes that tell products apart.

A network trained on little knows shapes of print better than colours; the two side by side find
more than either. The axes are those of linear discriminant analysis
(Rao, 1948) over views of many products: light, blur and pose weigh little, what differs between
products weighs much.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.retrieval.product_axes import ProductAxes, read_product_axes

# The layout that bases are fitted to: a change makes the shipped one useless.
_SIDE: Final = 64  # pixels of the squeezed picture
# Histograms are of 3 by 3 windows that overlap by half, made of 4 by 4 blocks.
_BLOCKS: Final = 4
_BLOCK: Final = _SIDE // _BLOCKS
_CHROMA: Final = 8  # bins of a and of b
# Beyond this a and b of 8-bit CIELAB hardly occur in pictures of products.
_CHROMA_RANGE: Final = (80.0, 176.0)
_LIGHTNESS: Final = 6  # bins
_ANGLES: Final = 8  # bins of half a turn
_NAME: Final = "colours"  # in part ids
_DIGITS: Final = 8  # of its file's sha256, in part ids
LAYOUT_SIZE: Final = (_BLOCKS - 1) ** 2 * (_CHROMA**2 + _LIGHTNESS + _ANGLES)

Floats = NDArray[np.float32]


class ColourBasis(ProductAxes):
    """Directions of colour layouts (702 numbers) that tell products apart; a `Companion`."""

    @property
    def part(self) -> str:
        """Names it in the part ids of what it stands beside, see `retrieval.companions`."""
        return f"{_NAME}-{self.sha256[:_DIGITS]}"

    @property
    def weight(self) -> float:
        """As much as the network beside it: held-out products are found best so."""
        return 1.0

    def vectors(self, images: Sequence[NDArray[np.uint8]]) -> Floats:
        """Return (N, K) float32 unit vectors of N (H, W, 3) RGB pictures."""
        layouts = np.stack([describe_colours(image) for image in images]) if images else _NOTHING
        return self.along(layouts)


_NOTHING: Final = np.zeros((0, LAYOUT_SIZE), np.float32)


def read_colour_basis(path: Path) -> ColourBasis:
    """Read the file that `skulens train colours` writes.

    Raises:
        WeightsError: the file cannot be read or is of another kind or version.
    """
    axes = read_product_axes(path, _NAME, LAYOUT_SIZE)
    return ColourBasis(axes.mean, axes.axes, axes.sha256)


def describe_colours(image: NDArray[np.uint8]) -> Floats:
    """Return the (702,) unit vector of square-rooted histograms of nine overlapping windows."""
    small = cv2.resize(image, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    grey = lab[..., 0]
    dx, dy = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    turned = np.asarray((np.arctan2(dy, dx) % np.pi) / np.pi * _ANGLES, np.float32)
    light = (grey / 255 * _LIGHTNESS - 0.5).clip(0, _LIGHTNESS - 1)
    parts = [
        _chroma(lab[..., 1:]),
        _shared(light, _LIGHTNESS),
        _shared(turned, _ANGLES, np.asarray(np.hypot(dx, dy), np.float32)),
    ]
    rooted = np.concatenate([_root(_windows(blocks)) for blocks in parts], axis=1).ravel()
    return np.asarray(rooted / np.linalg.norm(rooted), np.float32)


def _chroma(ab: Floats) -> Floats:
    """(4, 4, 64): each pixel shared among its four nearest pairs of a and b."""
    low, high = _CHROMA_RANGE
    places = np.clip((ab - low) / (high - low) * _CHROMA - 0.5, 0, _CHROMA - 1)
    first = np.minimum(places.astype(np.intp), _CHROMA - 2)
    a, b = np.moveaxis(places - first, 2, 0)
    index = first[..., 0] * _CHROMA + first[..., 1]
    corners = (
        (0, (1 - a) * (1 - b)),
        (1, (1 - a) * b),
        (_CHROMA, a * (1 - b)),
        (_CHROMA + 1, a * b),
    )
    return sum(
        (_histogram(index + step, weight, _CHROMA**2) for step, weight in corners),
        start=np.zeros((_BLOCKS, _BLOCKS, _CHROMA**2), np.float32),
    )


def _shared(places: Floats, bins: int, weight: Floats | float = 1.0) -> Floats:
    """(4, 4, bins): each pixel shared between its two nearest bins, the last beside the first."""
    first = places.astype(np.intp)
    upper = places - first
    near = _histogram(first % bins, (1 - upper) * weight, bins)
    return near + _histogram((first + 1) % bins, upper * weight, bins)


def _histogram(index: NDArray[np.intp], weight: Floats, bins: int) -> Floats:
    """(4, 4, bins) of every block."""
    row = np.arange(_SIDE) // _BLOCK
    block = row[:, None] * _BLOCKS + row
    counted = np.bincount(
        (block * bins + index).ravel(), weight.ravel(), minlength=_BLOCKS**2 * bins
    )
    return counted.reshape(_BLOCKS, _BLOCKS, bins).astype(np.float32)


def _windows(blocks: Floats) -> Floats:
    """(9, bins): sums of two by two blocks."""
    rows = blocks[:-1] + blocks[1:]
    return (rows[:, :-1] + rows[:, 1:]).reshape((_BLOCKS - 1) ** 2, -1)


def _root(histograms: Floats) -> Floats:
    sums = histograms.sum(axis=1, keepdims=True)
    return np.asarray(np.sqrt(histograms / np.maximum(sums, 1e-6)), np.float32)
