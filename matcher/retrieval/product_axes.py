"""Directions of a description of pictures along which products differ."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from matcher.errors import WeightsError
from matcher.networks.weights import sha256_of

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class ProductAxes:
    """Axes of descriptions of length F that tell products apart.

    Attributes:
        mean: (F,) float32.
        axes: (F, K) float32, in units of the spread among views of one product.
        sha256: of its file, hex; empty without one.
    """

    mean: Floats
    axes: Floats
    sha256: str = ""

    @property
    def dimension(self) -> int:
        """K, length of a vector."""
        return int(self.axes.shape[1])

    def along(self, descriptions: Floats) -> Floats:
        """Return (N, K) float32 unit vectors of (N, F) descriptions."""
        turned = (descriptions - self.mean) @ self.axes
        lengths = np.linalg.norm(turned, axis=1, keepdims=True)
        return np.asarray(turned / np.maximum(lengths, 1e-9), np.float32)


def read_product_axes(path: Path, kind: str, length: int) -> ProductAxes:
    """Read the file that `skulens train` of a kind writes.

    Args:
        path: of the file.
        kind: `colours` or `features`.
        length: of a description, F.

    Raises:
        WeightsError: the file cannot be read or is of another kind or version.
    """
    try:
        tables = load_file(path)
        mean, axes = (tables[name].astype(np.float32) for name in ("mean", "axes"))
    except (OSError, SafetensorError, KeyError) as error:
        raise WeightsError(f"{path.name} holds no axes of {kind}: {error}") from error
    if mean.shape != (length,) or axes.ndim != 2 or len(axes) != length:
        raise WeightsError(
            f"{path.name} are the axes of other {kind}: make them again with "
            f"`skulens train {kind}`."
        )
    return ProductAxes(mean, axes, sha256_of(path))
