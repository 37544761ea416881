from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from matcher.crops.thumbnail.feature_map import FeatureMap
from matcher.crops.thumbnail.ranker import (
    FramingRanker,
    FramingWeights,
    pool_windows,
    sum_windows,
)
from matcher.errors import WeightsError


def averaged(values: NDArray[np.float32], window: list[float]) -> NDArray[np.float64]:
    """Pool by a fine sampling, slowly."""
    fine = 120
    at = (np.arange(3 * fine) + 0.5) / (3 * fine)
    y = window[1] + at * (window[3] - window[1])
    x = window[0] + at * (window[2] - window[0])
    sampled = values[np.floor(y).astype(int)][:, np.floor(x).astype(int)].astype(np.float64)
    return np.asarray(sampled.reshape(3, fine, 3, fine, -1).mean(axis=(1, 3)))


def test_a_window_is_pooled_exactly() -> None:
    values = np.random.default_rng(0).normal(size=(7, 9, 5)).astype(np.float32)
    windows = [[0.0, 0.0, 9.0, 7.0], [1.25, 0.5, 6.5, 5.75], [3.1, 2.2, 3.9, 2.9]]
    pooled = pool_windows(values, np.array(windows), 3)
    for window, found in zip(windows, pooled, strict=True):
        assert np.allclose(found, averaged(values, window), atol=0.02)


def test_a_sum_counts_parts_of_places() -> None:
    values = np.ones((4, 6), np.float32)
    sums = sum_windows(values, np.array([[0, 0, 6, 4], [0.5, 0.5, 2.5, 1.0]]))
    assert sums.tolist() == pytest.approx([24.0, 1.0])


def tensors(channels: int = 6, axes: int = 2) -> dict[str, NDArray[np.float32]]:
    rng = np.random.default_rng(3)

    def draw(*shape: int) -> NDArray[np.float32]:
        return rng.normal(size=shape).astype(np.float32)

    return {
        "mean": draw(channels),
        "spread": np.ones(channels, np.float32),
        "axes": draw(channels, axes),
        "weight0": draw(9 * axes, 4),
        "bias0": draw(4),
        "weight1": draw(4, 1),
        "bias1": draw(1),
    }


def test_windows_are_scored_by_what_is_inside_them(tmp_path: Path) -> None:
    save_file(tensors(), tmp_path / "framing.safetensors")
    ranker = FramingRanker(FramingWeights.read(tmp_path / "framing.safetensors"))
    values = np.random.default_rng(5).normal(size=(6, 8, 6)).astype(np.float32)
    windows = np.array([[0, 0, 40, 40], [40, 20, 80, 60]], np.float64)
    scores = ranker.score(FeatureMap(values, 80, 60), windows)
    changed = values.copy()
    changed[:, :4] = 9
    again = ranker.score(FeatureMap(changed, 80, 60), windows)
    assert scores[0] != again[0]
    assert scores[1] == pytest.approx(again[1], abs=1e-4)


def test_other_files_are_refused_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "framing.safetensors"
    with pytest.raises(WeightsError, match="cannot read the weights"):
        FramingWeights.read(path)
    path.write_bytes(b"nonsense")
    with pytest.raises(WeightsError, match="cannot read the weights"):
        FramingWeights.read(path)
    save_file({**tensors(), "weight0": np.zeros((5, 4), np.float32)}, path)
    with pytest.raises(WeightsError, match="do not fit"):
        FramingWeights.read(path)
