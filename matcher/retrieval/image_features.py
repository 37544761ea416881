"""Features that ImageNet taught a small network, along axes that tell products apart.

A network that was trained on few kinds of goods is at a loss before others; one that has seen a
thousand kinds of things knows what a mushroom is, and not which of two packs it sees. Its features
are turned to the axes of linear discriminant analysis (Rao, 1948) over views of many products, as
the colours are.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.resize import to_planes
from matcher.networks.runtime import LoadedNetwork, NetworkFunction
from matcher.retrieval.product_axes import ProductAxes, read_product_axes

FEATURES: Final = 1280  # numbers that the network describes a picture by
SIDE_PX: Final = 224  # of the network's square input; axes are fitted to it
_BATCH: Final = 16  # pictures per call; bounds memory
_DIGITS: Final = 8  # of the axes' sha256, in part ids
_NAME: Final = "features"  # in part ids

Floats = NDArray[np.float32]


def read_feature_axes(path: Path) -> ProductAxes:
    """Read the file that `skulens train features` writes.

    Raises:
        WeightsError: the file cannot be read or is of another kind or version.
    """
    return read_product_axes(path, "features", FEATURES)


class ImageFeatures:
    """Implements `Companion` with EfficientNet-Lite0."""

    def __init__(self, network: LoadedNetwork, axes: ProductAxes, weight: float) -> None:
        """Take the loaded network, with the function `describe`, its axes and their weight."""
        self._describe = network.functions["describe"]
        self._axes = axes
        self._weight = weight

    @property
    def part(self) -> str:
        """Names axes and weight."""
        return f"{_NAME}-{self._axes.sha256[:_DIGITS]}-{round(100 * self._weight)}"

    @property
    def weight(self) -> float:
        """Of its squared length, where the network's is 1."""
        return self._weight

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._axes.dimension

    def vectors(self, images: Sequence[NDArray[np.uint8]]) -> Floats:
        """Return (N, K) float32 unit vectors of N (H, W, 3) RGB pictures; blocks."""
        return self._axes.along(describe_pictures(self._describe, images))


def describe_pictures(describe: NetworkFunction, images: Sequence[NDArray[np.uint8]]) -> Floats:
    """Return (N, 1280) features of N (H, W, 3) RGB pictures, each squeezed to a square; blocks."""
    found = [np.zeros((0, FEATURES), np.float32)]
    for start in range(0, len(images), _BATCH):
        squares = np.stack([_squeezed(image) for image in images[start : start + _BATCH]])
        found.append(describe(to_planes(squares))[0])
    return np.concatenate(found)


def _squeezed(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(image, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA), np.uint8)
