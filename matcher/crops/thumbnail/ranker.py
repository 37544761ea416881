"""Ranks windows of a picture by how much they look like a photographer's own framing.

Trained without labels (`training.crops.framing`): the whole picture beats random windows of it, as
in Chen et al., "Learning to compose with professional photographs on the web" (2017). A window is
judged by the features inside of it alone, pooled on a grid: where it lies in the picture is not
told, so that "the largest" cannot be the answer to everything.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from matcher.crops.thumbnail.candidates import Windows
from matcher.crops.thumbnail.feature_map import FeatureMap
from matcher.errors import WeightsError

GRID: Final = 3  # cells a side that a window is pooled on
_TENSORS: Final = ("mean", "spread", "axes", "weight0", "bias0", "weight1", "bias1")


@dataclass(frozen=True, slots=True, eq=False)
class FramingWeights:
    """A trained ranker.

    Attributes:
        mean: (C,) of each channel of feature maps over pictures.
        spread: (C,) standard deviation of the same.
        axes: (C, K) that normalised channels are projected on.
        weight0: (9 * K, H) of the hidden layer.
        bias0: (H,).
        weight1: (H, 1) of the score.
        bias1: (1,).
    """

    mean: NDArray[np.float32]
    spread: NDArray[np.float32]
    axes: NDArray[np.float32]
    weight0: NDArray[np.float32]
    bias0: NDArray[np.float32]
    weight1: NDArray[np.float32]
    bias1: NDArray[np.float32]

    @classmethod
    def read(cls, path: Path) -> "FramingWeights":
        """Read a `.safetensors` file.

        Raises:
            WeightsError: it cannot be read, or its tensors do not fit each other.
        """
        try:
            tensors = load_file(path)
            read = cls(**{name: tensors[name] for name in _TENSORS})
        except (OSError, SafetensorError, KeyError) as error:
            raise WeightsError(f"cannot read the weights {path}: {error}.") from error
        cells = GRID * GRID * read.axes.shape[1]
        if read.weight0.shape[0] != cells or read.axes.shape[0] != len(read.mean):
            raise WeightsError(f"{path} is no framing ranker: its tensors do not fit.")
        return read


class FramingRanker:
    """Scores windows."""

    def __init__(self, weights: FramingWeights) -> None:
        self._weights = weights

    def normalised(self, features: FeatureMap) -> NDArray[np.float32]:
        """Return the map with every channel centred and scaled as over many pictures."""
        return (features.values - self._weights.mean) / self._weights.spread

    def score(self, features: FeatureMap, windows: Windows) -> NDArray[np.float32]:
        """Return a score for each of (N, 4) windows in the picture's pixels; higher is better."""
        projected = self.normalised(features) @ self._weights.axes
        rows, columns = projected.shape[:2]
        scale = np.array([columns / features.width, rows / features.height] * 2)
        return self.judge(pool_windows(projected, windows * scale))

    def judge(self, pooled: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return scores of (N, 3, 3, K) pooled features."""
        weights = self._weights
        hidden = pooled.reshape(len(pooled), -1) @ weights.weight0 + weights.bias0
        scores: NDArray[np.float32] = hidden.clip(min=0) @ weights.weight1 + weights.bias1
        return scores[:, 0]


def pool_windows(values: NDArray[np.float32], windows: Windows) -> NDArray[np.float32]:
    """Return the mean of a map in each cell of a grid over each window, exactly.

    A summed-area table, read bilinearly, makes hundreds of windows as cheap as a few.

    Args:
        values: (rows, columns, K).
        windows: (N, 4) in places of the map.

    Returns:
        (N, 3, 3, K), down before across.
    """
    table = np.zeros((values.shape[0] + 1, values.shape[1] + 1, values.shape[2]))
    table[1:, 1:] = values.cumsum(0, dtype=np.float64).cumsum(1)
    steps = np.arange(GRID + 1) / GRID
    x = windows[:, :1] + (windows[:, 2:3] - windows[:, :1]) * steps
    y = windows[:, 1:2] + (windows[:, 3:4] - windows[:, 1:2]) * steps
    sums = _read(table, y[:, :, None], x[:, None, :])
    cells = sums[:, 1:, 1:] - sums[:, :-1, 1:] - sums[:, 1:, :-1] + sums[:, :-1, :-1]
    areas = np.diff(y, axis=1)[:, :, None] * np.diff(x, axis=1)[:, None, :]
    return (cells / np.maximum(areas, 1e-9)[..., None]).astype(np.float32)


def sum_windows(values: NDArray[np.float32], windows: Windows) -> NDArray[np.float64]:
    """Return the sum of an (h, w) map inside each of (N, 4) windows in its places."""
    table = np.zeros((values.shape[0] + 1, values.shape[1] + 1, 1))
    table[1:, 1:, 0] = values.cumsum(0, dtype=np.float64).cumsum(1)
    y, x = windows[:, [1, 3]], windows[:, [0, 2]]
    sums = _read(table, y[:, :, None], x[:, None, :])[..., 0]
    return np.asarray(sums[:, 1, 1] - sums[:, 0, 1] - sums[:, 1, 0] + sums[:, 0, 0])


def _read(
    table: NDArray[np.float64], y: NDArray[np.float64], x: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Read (h, w, K) between its entries, at y and x that are broadcast together."""
    last_y, last_x = table.shape[0] - 1, table.shape[1] - 1
    y, x = np.broadcast_arrays(y.clip(0, last_y), x.clip(0, last_x))
    top, left = np.floor(y).astype(np.intp), np.floor(x).astype(np.intp)
    low, right = np.minimum(top + 1, last_y), np.minimum(left + 1, last_x)
    down, across = (y - top)[..., None], (x - left)[..., None]
    upper = table[top, left] * (1 - across) + table[top, right] * across
    lower = table[low, left] * (1 - across) + table[low, right] * across
    return np.asarray(upper * (1 - down) + lower * down)
