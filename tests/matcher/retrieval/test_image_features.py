"""ImageNet's features along axes: unit vectors, files that are refused, and who they are."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from matcher.errors import WeightsError
from matcher.networks.runtime import Array, LoadedNetwork
from matcher.networks.weights import Network, Weights
from matcher.retrieval.companions import join_parts
from matcher.retrieval.image_features import (
    FEATURES,
    SIDE_PX,
    ImageFeatures,
    read_feature_axes,
)
from matcher.retrieval.product_axes import ProductAxes
from tests.matcher.prints import printed


def mean_colours(*inputs: Array) -> tuple[NDArray[np.float32], ...]:
    """Stands for the network: the mean of each colour, and nothing else."""
    (squares,) = inputs
    assert squares.shape[1:] == (3, SIDE_PX, SIDE_PX)
    features = np.zeros((len(squares), FEATURES), np.float32)
    features[:, :3] = squares.mean(axis=(2, 3))
    return (features,)


def some_features(weight: float = 2.0, sha256: str = "f" * 64) -> ImageFeatures:
    network = LoadedNetwork(
        Weights(Network.IMAGE_FEATURES, Path("none"), ""), {"describe": mean_colours}, {}
    )
    axes = ProductAxes(
        np.zeros(FEATURES, np.float32), np.eye(FEATURES, 3, dtype=np.float32), sha256
    )
    return ImageFeatures(network, axes, weight)


def test_vectors_lie_along_the_axes_and_are_of_unit_length_however_many_pictures_there_are() -> (
    None
):
    pictures = [printed(seed) for seed in range(18)]
    vectors = some_features().vectors(pictures)
    assert vectors.shape == (18, some_features().dimension) == (18, 3)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert some_features().vectors([]).shape == (0, 3)


def test_a_picture_without_any_feature_has_no_direction() -> None:
    assert not some_features().vectors([np.zeros((9, 7, 3), np.uint8)]).any()


def test_another_file_and_another_weight_are_another_part() -> None:
    parts = [some_features(), some_features(weight=1.0), some_features(sha256="0" * 64)]
    assert len({part.part for part in parts}) == 3
    assert join_parts(parts[:1]) == "-features-ffffffff-200"


def test_axes_are_kept_in_half_precision_and_read_in_full(tmp_path: Path) -> None:
    path = tmp_path / "axes.safetensors"
    tables = {"mean": np.zeros(FEATURES, np.float16), "axes": np.ones((FEATURES, 5), np.float16)}
    save_file(tables, path)
    axes = read_feature_axes(path)
    assert axes.dimension == 5
    assert axes.axes.dtype == axes.mean.dtype == np.float32
    assert len(axes.sha256) == 64


def test_a_file_of_something_else_is_no_axes(tmp_path: Path) -> None:
    path = tmp_path / "axes.safetensors"
    with pytest.raises(WeightsError, match="holds no axes of features"):
        read_feature_axes(path)
    save_file({"mean": np.zeros(3, np.float32), "axes": np.zeros((3, 2), np.float32)}, path)
    with pytest.raises(WeightsError, match="skulens train features"):
        read_feature_axes(path)
