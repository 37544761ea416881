"""Keypoints for the tests of matchers that attend."""

from typing import TYPE_CHECKING

import numpy as np

from matcher.keypoints.features import LocalFeatures

if TYPE_CHECKING:
    from superglue.keypoints import KeypointBatch


def features(count: int, seed: int, dimension: int = 32) -> LocalFeatures:
    """Scattered over a picture of 320 by 200 pixels."""
    generator = np.random.default_rng(seed)
    vectors = generator.normal(size=(count, dimension))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return LocalFeatures(
        points=(generator.random((count, 2)) * [320, 200]).astype(np.float32),
        scales=(generator.random(count) * 40).astype(np.float32),
        angles=(generator.random(count) * 6).astype(np.float32),
        scores=generator.random(count).astype(np.float32),
        descriptors=(vectors * 5).astype(np.float32),
        width=320,
        height=200,
    )


def shuffled(original: LocalFeatures, count: int, seed: int) -> tuple[LocalFeatures, list[int]]:
    """Some of them in another order, and which."""
    order = np.random.default_rng(seed).permutation(len(original))[:count]
    return original.select(order), order.tolist()


def batch_of(one: LocalFeatures) -> "KeypointBatch":
    """Return them as torch has them."""
    # Torch takes seconds: it is imported by the first test that needs it, not by all.
    from training.superglue.pairs import to_keypoint_batch

    return to_keypoint_batch(one)
