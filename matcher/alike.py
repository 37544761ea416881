"""Which keypoints of two pictures are worth a closer look: those that have a lookalike."""

import numpy as np
from numpy.typing import NDArray

from matcher.features import LocalFeatures


def most_alike(
    query: LocalFeatures, reference: LocalFeatures, limit: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices, ascending, of at most `limit` keypoints on each side, by their best cosine.

    Args:
        query: at least one keypoint.
        reference: likewise.
        limit: at least 1.
    """
    if len(query) <= limit and len(reference) <= limit:
        return np.arange(len(query)), np.arange(len(reference))
    cosine = query.descriptors @ reference.descriptors.T
    return _largest(cosine.max(axis=1), limit), _largest(cosine.max(axis=0), limit)


def _largest(values: NDArray[np.float32], limit: int) -> NDArray[np.intp]:
    if len(values) <= limit:
        return np.arange(len(values))
    return np.sort(np.argpartition(-values, limit - 1)[:limit])
