"""Features of a picture, computed once, from which every window of it is judged."""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from matcher.imaging.resize import reduced, to_planes
from matcher.networks.runtime import LoadedNetwork

LONGER_SIDE_PX: Final = 320  # of the network's input
_STRIDE_PX: Final = 32  # sides of the input are multiples of it
_PLACE_PX: Final = 16  # input pixels per place of the map


@dataclass(frozen=True, slots=True, eq=False)
class FeatureMap:
    """The network's features at each place of a picture.

    Attributes:
        values: (rows, columns, channels) float32; the places tile the picture evenly.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
    """

    values: NDArray[np.float32]
    width: int
    height: int


class FeatureNetwork(Protocol):
    """Computes feature maps."""

    def look(self, image: NDArray[np.uint8]) -> FeatureMap:
        """Return the features of an (H, W, 3) RGB picture; blocks."""


class ImageNetFeatures:
    """EfficientNet-Lite0's two maps as one; implements `FeatureNetwork`."""

    def __init__(self, network: LoadedNetwork, longer_side: int = LONGER_SIDE_PX) -> None:
        """Take the loaded network, with the function `features`."""
        self._run = network.functions["features"]
        self._longer_side = longer_side

    def look(self, image: NDArray[np.uint8]) -> FeatureMap:
        """Return the features of an (H, W, 3) RGB picture; blocks."""
        height, width = image.shape[:2]
        small = reduced(image, *input_size(width, height, self._longer_side))
        fine, coarse = self._run(to_planes(small[None]))
        return FeatureMap(join_maps(fine[0], coarse[0]), width, height)


def input_size(width: int, height: int, longer_side: int) -> tuple[int, int]:
    """Return width and height of the network's input for a picture of that size."""
    scale = longer_side / max(width, height)
    columns = max(round(width * scale / _STRIDE_PX), 1) * _STRIDE_PX
    return columns, max(round(height * scale / _STRIDE_PX), 1) * _STRIDE_PX


def join_maps(fine: NDArray[np.float32], coarse: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (rows, columns, 432) of (112, rows, columns) and (320, rows / 2, columns / 2)."""
    rows, columns = fine.shape[1:]
    spread = _spread(coarse, rows, columns)
    return np.concatenate([fine.transpose(1, 2, 0), spread], axis=2)


def _spread(coarse: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    """Enlarge (C, h, w) to (rows, columns, C), bilinearly."""
    channels = np.ascontiguousarray(coarse.transpose(1, 2, 0))
    across, down = _weights(channels.shape[1], columns), _weights(channels.shape[0], rows)
    spread = np.einsum("rh,hwc,kw->rkc", down, channels, across, optimize=True)
    return np.asarray(spread, np.float32)


def _weights(few: int, many: int) -> NDArray[np.float32]:
    """Return (many, few) weights of linear interpolation between places' centres."""
    at = ((np.arange(many) + 0.5) * few / many - 0.5).clip(0, few - 1)
    near = np.floor(at).astype(np.intp)
    far = np.minimum(near + 1, few - 1)
    weights = np.zeros((many, few), np.float32)
    weights[np.arange(many), near] += (1 - (at - near)).astype(np.float32)
    weights[np.arange(many), far] += (at - near).astype(np.float32)
    return weights
