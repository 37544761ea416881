"""Fits the axes along which RootSIFT descriptors are kept."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from matcher.imaging.resize import resize_within
from matcher.keypoints.rootsift import RotatedBasis, extract_rootsift
from training.data.sources import TrainingData, read_rgb

KEPT_AXES: Final = 64
# Pixels of the longer side.
_SIDE: Final = 640
# Descriptors of each picture, and photos of each product, at most.
_PER_PICTURE: Final = 500
_PHOTOS: Final = 4


def train_basis(data: TrainingData, cartons_only: bool = False) -> RotatedBasis:
    """Return the principal axes of the descriptors of catalog pictures and photos.

    Args:
        data: the data folder.
        cartons_only: leave produce out; quicker, for tests.
    """
    rows = np.concatenate(
        [
            extract_rootsift(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), _PER_PICTURE)[1]
            for picture in _pictures(data, cartons_only)
        ]
    )
    mean = rows.mean(axis=0)
    centred = rows - mean
    _, axes = np.linalg.eigh(centred.T @ centred / len(rows))
    kept = axes[:, ::-1][:, :KEPT_AXES]
    rotated = centred @ kept
    unit = rotated / np.maximum(np.linalg.norm(rotated, axis=1, keepdims=True), 1e-9)
    return RotatedBasis(
        np.asarray(mean, np.float32),
        np.ascontiguousarray(kept, np.float32),
        np.asarray(unit.std(axis=0), np.float32),
    )


def save_basis(basis: RotatedBasis, path: Path) -> None:
    """Write the basis as safetensors."""
    arrays = {"mean": basis.mean, "axes": basis.axes, "spread": basis.spread}
    save_file(arrays, path)
    path.chmod(0o644)


def _pictures(data: TrainingData, cartons_only: bool) -> Iterator[NDArray[np.uint8]]:
    for product in data.products():
        if cartons_only and product not in data.cartons:
            continue
        for path in (data.iconic(product), *data.photos(product)[:_PHOTOS]):
            yield resize_within(read_rgb(path, _SIDE), _SIDE, _SIDE)[0]
