"""Fits the axes of layout and colour along which products differ most."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from matcher.retrieval.colour_layout import ColourBasis, describe_colours
from training.embedder.sampler import ViewSampler

KEPT_AXES: Final = 64
_BATCHES: Final = 120
# Pixels of a view.
_SIDE: Final = 96
# Added to the spread within a class, as a share of its mean: directions that hardly vary in
# training are not trusted.
SHRINKAGE: Final = 0.3

Doubles = NDArray[np.float64]


def train_colours(sampler: ViewSampler, batches: int = _BATCHES) -> ColourBasis:
    """Fit the axes by linear discriminant analysis of views, as the embedder is trained on them.

    Args:
        sampler: draws the views.
        batches: how many of about a hundred views.
    """
    drawn = [sampler.batch(_SIDE) for _ in range(batches)]
    views = np.stack([describe_colours(image) for batch in drawn for image in batch.images])
    labels = np.concatenate([batch.labels for batch in drawn])
    mean = views.mean(axis=0)
    return ColourBasis(mean, discriminant_axes(views.astype(np.float64), labels, KEPT_AXES))


def discriminant_axes(
    views: Doubles, labels: NDArray[np.int64], kept: int, shrinkage: float = SHRINKAGE
) -> NDArray[np.float32]:
    """Return (D, kept) axes: along them classes differ most in units of the spread within a class.

    Args:
        views: (N, D).
        labels: (N,), the class of each.
        kept: how many; the most discriminant first.
        shrinkage: added to the spread within a class, as a share of its mean.
    """
    within = _spread_within(views, labels)
    size = len(within)
    within += shrinkage * np.trace(within) / size * np.eye(size)
    # With W = L Lᵀ the generalised problem becomes an ordinary one.
    inverse = np.linalg.inv(np.linalg.cholesky(within))
    _, directions = np.linalg.eigh(inverse @ np.cov(views.T) @ inverse.T)
    axes = inverse.T @ directions[:, ::-1][:, :kept]
    return np.ascontiguousarray(axes, np.float32)


def _spread_within(views: Doubles, labels: NDArray[np.int64]) -> Doubles:
    _, classes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    means = np.zeros((len(counts), views.shape[1]))
    np.add.at(means, classes, views)
    centred = views - (means / counts[:, None])[classes]
    return np.asarray(centred.T @ centred / len(views))


def save_colours(colours: ColourBasis, path: Path) -> None:
    """Write the axes as safetensors."""
    save_file({"mean": colours.mean, "axes": colours.axes}, path)
    path.chmod(0o644)
