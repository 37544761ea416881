"""Axes of features, fitted to the photos of a small data folder."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.networks.runtime import Array, LoadedNetwork
from matcher.networks.weights import Network, Weights
from matcher.retrieval.image_features import FEATURES, read_feature_axes
from matcher.retrieval.product_axes import ProductAxes
from training.data.sources import TrainingData
from training.embedder import image_features
from training.embedder.image_features import save_features, train_features
from training.errors import TrainingError


def coarse_pixels(*inputs: Array) -> tuple[NDArray[np.float32], ...]:
    """Stands for the network: a few pixels of each picture."""
    squares = inputs[0].astype(np.float32)
    taken = squares[:, :, ::32, ::32].reshape(len(squares), -1)
    return (np.pad(taken, ((0, 0), (0, FEATURES - taken.shape[1]))),)


def network() -> LoadedNetwork:
    weights = Weights(Network.IMAGE_FEATURES, Path("none"), "")
    return LoadedNetwork(weights, {"describe": coarse_pixels}, {})


def test_axes_are_fitted_to_every_product_and_kept_in_a_file(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_features, "KEPT_FEATURE_AXES", 3)
    data = TrainingData.open(tiny_data)
    seen: list[int] = []
    axes = train_features(data, network(), lambda done, _: seen.append(done))
    assert seen == list(range(len(data.products())))
    assert axes.axes.shape == (FEATURES, 3)
    save_features(axes, tmp_path / "axes.safetensors")
    np.testing.assert_allclose(
        read_feature_axes(tmp_path / "axes.safetensors").axes, axes.axes, rtol=1e-2, atol=1e-3
    )


def test_too_few_photos_are_refused(tiny_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_features, "KEPT_FEATURE_AXES", 1000)
    with pytest.raises(TrainingError, match="1000 axes need more"):
        train_features(TrainingData.open(tiny_data), network())


def test_saved_axes_are_small(tmp_path: Path) -> None:
    axes = ProductAxes(np.zeros(FEATURES, np.float32), np.zeros((FEATURES, 192), np.float32))
    save_features(axes, tmp_path / "axes")
    assert (tmp_path / "axes").stat().st_size < 500_000
