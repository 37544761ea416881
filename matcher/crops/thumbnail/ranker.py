"""Ranks windows of a picture by how much they look like a photographer's own framing.

Trained without labels (`training.crops.framing`): the whole picture beats random windows of it, as
in Chen et al., "Learning to compose with professional photographs on the web" (2017). A window is
judged by the features inside of it alone, pooled on a grid: where it lies in the picture is not
told, so that "the largest" cannot be the answer to everything.
"""

import math
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

_TENSORS: Final = ("mean", "spread", "axes", "weight0", "bias0", "weight1", "bias1")


@dataclass(frozen=True, slots=True, eq=False)
class FramingWeights:
    """A trained ranker.

    Attributes:
        mean: (C,) of each channel of feature maps over pictures.
        spread: (C,) standard deviation of the same.
        axes: (C, K) that normalised channels are projected on.
        weight0: (G * G * K, H) of the hidden layer, for windows pooled on G by G cells.
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

    @property
    def grid(self) -> int:
        """Cells a side that windows are pooled on."""
        return math.isqrt(self.weight0.shape[0] // self.axes.shape[1])

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
        cells = read.grid**2 * read.axes.shape[1]
        if not cells or read.weight0.shape[0] != cells or read.axes.shape[0] != len(read.mean):
            raise WeightsError(f"{path} is no framing ranker: its tensors do not fit.")
        return read


class FramingRanker:
    """Scores windows."""

    def __init__(self, weights: FramingWeights) -> None:
        self._weights = weights

    def normalised(self, features: FeatureMap) -> NDArray[np.float32]:
        """Return the map with every channel centred and scaled as over many pictures."""
        return (features.values - self._weights.mean) / self._weights.spread

    def project(self, features: FeatureMap) -> FeatureMap:
        """Return the map with the few channels that windows are judged by, for `rank`."""
        projected = self.normalised(features) @ self._weights.axes
        return FeatureMap(projected, features.width, features.height)

    def score(self, features: FeatureMap, windows: Windows) -> NDArray[np.float32]:
        """Return a score for each of (N, 4) windows in the picture's pixels; higher is better."""
        return self.rank(self.project(features), windows)

    def rank(self, projected: FeatureMap, windows: Windows) -> NDArray[np.float32]:
        """Return the same by a map that `project` made, which serves all windows of a picture."""
        rows, columns = projected.values.shape[:2]
        scale = np.array([columns / projected.width, rows / projected.height] * 2)
        return self.judge(pool_windows(projected.values, windows * scale, self._weights.grid))

    def judge(self, pooled: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return scores of (N, G, G, K) pooled features."""
        weights = self._weights
        hidden = pooled.reshape(len(pooled), -1) @ weights.weight0 + weights.bias0
        scores: NDArray[np.float32] = hidden.clip(min=0) @ weights.weight1 + weights.bias1
        return scores[:, 0]


def pool_windows(values: NDArray[np.float32], windows: Windows, grid: int) -> NDArray[np.float32]:
    """Return the mean of a map in each cell of a grid over each window, exactly.

    How much of each row and column of places a cell covers makes two products of matrices, so
    that a hundred windows take about a millisecond.

    Args:
        values: (rows, columns, K).
        windows: (N, 4) in places of the map.
        grid: G, cells a side of a window.

    Returns:
        (N, G, G, K), down before across.
    """
    rows, columns, channels = values.shape
    steps = np.arange(grid + 1) / grid
    x = windows[:, :1] + (windows[:, 2:3] - windows[:, :1]) * steps
    y = windows[:, 1:2] + (windows[:, 3:4] - windows[:, 1:2]) * steps
    down, across = _covered(y, rows), _covered(x, columns)
    strips = down.reshape(-1, rows) @ values.reshape(rows, -1)
    cells = across[:, None] @ strips.reshape(-1, grid, columns, channels)
    areas = np.diff(y, axis=1)[:, :, None] * np.diff(x, axis=1)[:, None, :]
    return (cells / np.maximum(areas, 1e-9)[..., None]).astype(np.float32)


def sum_windows(values: NDArray[np.float32], windows: Windows) -> NDArray[np.float64]:
    """Return sums of an (h, w) or (h, w, K) map inside (N, 4) windows in its places."""
    rows, columns = values.shape[:2]
    down = _covered(windows[:, [1, 3]], rows)[:, 0]
    across = _covered(windows[:, [0, 2]], columns)[:, 0]
    strips = (down @ values.reshape(rows, -1)).reshape(len(windows), columns, -1)
    sums = (across[:, None] @ strips)[:, 0].astype(np.float64)
    return np.asarray(sums if values.ndim > 2 else sums[:, 0])


def _covered(edges: NDArray[np.float64], places: int) -> NDArray[np.float32]:
    """Return how much of each place lies between neighbouring edges.

    Args:
        edges: (N, E), rising.
        places: how many there are, each as long as 1.

    Returns:
        (N, E - 1, places) in [0, 1].
    """
    passed = (edges[..., None] - np.arange(places)).clip(0, 1)
    return np.diff(passed, axis=1).astype(np.float32)
