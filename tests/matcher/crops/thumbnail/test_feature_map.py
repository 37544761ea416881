from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.crops.thumbnail.feature_map import ImageNetFeatures, input_size, join_maps
from matcher.networks.runtime import Array, LoadedNetwork
from matcher.networks.weights import Network, Weights
from tests.catalog.support.fakes import pixels


class FixedMaps:
    """Answers maps of the right shapes; remembers the input's shape."""

    def __init__(self) -> None:
        self.shape: tuple[int, ...] = ()

    def __call__(self, *inputs: Array) -> tuple[NDArray[np.float32], ...]:
        self.shape = inputs[0].shape
        rows, columns = self.shape[2] // 32, self.shape[3] // 32
        fine = np.ones((1, 112, 2 * rows, 2 * columns), np.float32)
        return fine, np.full((1, 320, rows, columns), 2, np.float32)


@pytest.mark.parametrize(("height", "width"), [(480, 640), (16, 900), (700, 20), (16, 16)])
def test_a_picture_of_any_size_has_a_map(height: int, width: int) -> None:
    function = FixedMaps()
    weights = Weights(Network.IMAGE_FEATURES, Path("none"), "")
    network = ImageNetFeatures(LoadedNetwork(weights, {"features": function}, {}))
    found = network.look(pixels(1, width, height))
    assert max(function.shape[2:]) == 320
    assert (found.width, found.height) == (width, height)
    assert found.values.shape == (function.shape[2] // 16, function.shape[3] // 16, 432)


def test_sides_of_the_input_are_whole_strides() -> None:
    assert input_size(640, 480, 320) == (320, 256)
    assert input_size(10, 5000, 320) == (32, 320)


def test_the_coarse_map_is_spread_evenly() -> None:
    coarse = np.zeros((320, 1, 2), np.float32)
    coarse[0] = [[0, 4]]
    joined = join_maps(np.ones((112, 2, 4), np.float32), coarse)
    assert joined[:, :, :112].min() == 1
    assert joined[0, :, 112].tolist() == [0, 1, 3, 4]
