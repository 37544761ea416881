"""The axes along which RootSIFT descriptors are kept."""

from pathlib import Path

import numpy as np

from matcher.keypoints.rootsift import read_basis
from training.data.sources import TrainingData
from training.decision.rootsift_basis import KEPT_AXES, save_basis, train_basis


def test_axes_are_orthonormal_and_survive_their_file(tiny_data: Path, tmp_path: Path) -> None:
    basis = train_basis(TrainingData.open(tiny_data), cartons_only=True)
    assert basis.axes.shape == (128, KEPT_AXES)
    assert np.allclose(basis.axes.T @ basis.axes, np.eye(KEPT_AXES), atol=1e-4)
    assert (basis.spread > 0).all()

    save_basis(basis, tmp_path / "basis.safetensors")

    read = read_basis(tmp_path / "basis.safetensors")
    assert np.array_equal(read.axes, basis.axes)
    assert np.array_equal(read.mean, basis.mean)
    assert np.array_equal(read.spread, basis.spread)
