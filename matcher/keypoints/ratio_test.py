"""Pairs by nearest neighbour and ratio test: the training-free matcher."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.keypoints.features import Correspondences, LocalFeatures

RATIO: Final = 0.85  # of the nearest distance to the second; Lowe's is 0.8, geometry sorts the rest


class NearestNeighbourMatcher:
    """Implements `KeypointMatcher`.

    Each query keypoint takes its nearest in the reference if it passes the ratio test (Lowe,
    2004). Pairs need not be mutual: several copies of one product in a picture share reference
    keypoints.
    """

    def __init__(self, ratio: float = RATIO) -> None:
        self._ratio = ratio

    def match(
        self, query: LocalFeatures, references: Sequence[LocalFeatures]
    ) -> list[Correspondences]:
        """Match one query with several references, in their order."""
        return [self._pairs(query.descriptors, reference.descriptors) for reference in references]

    def _pairs(self, query: NDArray[np.float32], reference: NDArray[np.float32]) -> Correspondences:
        if len(query) == 0 or len(reference) < 2:
            return Correspondences.joined([])
        cosine = query @ reference.T
        rows = np.arange(len(query))
        best = cosine.argmax(axis=1)
        nearest = cosine[rows, best]
        cosine[rows, best] = -np.inf
        second = cosine.max(axis=1)
        # On unit vectors the squared distance is 2 - 2 cos.
        kept = (1.0 - nearest) < self._ratio**2 * (1.0 - second)
        chosen = np.nonzero(kept)[0]
        return Correspondences(
            chosen.astype(np.int64),
            best[chosen].astype(np.int64),
            np.clip(nearest[chosen], 0.0, 1.0).astype(np.float32),
        )
