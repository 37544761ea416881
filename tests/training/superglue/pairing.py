"""Keypoints whose partners are known, for the tests of pairing."""

import numpy as np

from matcher.keypoints.features import LocalFeatures
from matcher.keypoints.rootsift import RootSift, RotatedBasis


def basis(axes: int = 16) -> RotatedBasis:
    """Axes that nothing was measured for."""
    rng = np.random.default_rng(0)
    turned, _ = np.linalg.qr(rng.normal(size=(128, axes)))
    mean = np.full(128, 0.06, np.float32)
    return RotatedBasis(mean, np.asarray(turned, np.float32), np.full(axes, 0.2, np.float32))


def front_end() -> RootSift:
    """RootSIFT along such axes."""
    return RootSift(basis())


def keypoints(count: int, seed: int, descriptors: int = 16) -> LocalFeatures:
    """Scattered over a picture of 200 by 100 pixels."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(count, descriptors))
    return LocalFeatures(
        points=(rng.random((count, 2)) * [200, 100]).astype(np.float32),
        scales=np.full(count, 6, np.float32),
        angles=np.zeros(count, np.float32),
        scores=np.linspace(1, 0.1, count, dtype=np.float32),
        descriptors=(vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32),
        width=200,
        height=100,
    )


def moved(features: LocalFeatures, by: float) -> LocalFeatures:
    """The same keypoints further right."""
    shift = np.array([by, 0], np.float32)
    return LocalFeatures(
        features.points + shift,
        features.scales,
        features.angles,
        features.scores,
        features.descriptors,
        features.width,
        features.height,
    )
