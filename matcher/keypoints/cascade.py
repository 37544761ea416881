"""Two matchers as one: a quick one for every reference, a careful one for the likeliest few."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from matcher.keypoints.features import Correspondences, KeypointMatcher, LocalFeatures

_CLOSER: Final = 4


class CascadeMatcher:
    """Implements `KeypointMatcher`.

    A careful matcher that sees all keypoints at once finds pairs that no descriptor alone gives
    away, but pairs each keypoint once: of several copies of a product it sees one. So its pairs are
    added to the quick one's, which sees them all.
    """

    def __init__(
        self, quick: KeypointMatcher, careful: KeypointMatcher, closer: int = _CLOSER
    ) -> None:
        """Combine two matchers.

        Args:
            quick: asked about every reference.
            careful: asked about those with the most pairs by then.
            closer: how many those are.
        """
        self._quick = quick
        self.careful = careful
        self._closer = closer

    def match(
        self, query: LocalFeatures, references: Sequence[LocalFeatures]
    ) -> list[Correspondences]:
        """One query against several references, in their order."""
        found = self._quick.match(query, references)
        most = sorted(range(len(found)), key=lambda index: -len(found[index]))[: self._closer]
        closer = self.careful.match(query, [references[index] for index in most])
        for index, more in zip(most, closer, strict=True):
            found[index] = merge_pairs(found[index], more)
        return found


def merge_pairs(first: Correspondences, second: Correspondences) -> Correspondences:
    """All pairs of the first, then those that only the second has."""
    known = set(zip(first.query.tolist(), first.reference.tolist(), strict=True))
    fresh = [
        index
        for index, pair in enumerate(
            zip(second.query.tolist(), second.reference.tolist(), strict=True)
        )
        if pair not in known
    ]
    return Correspondences(
        np.concatenate([first.query, second.query[fresh]]),
        np.concatenate([first.reference, second.reference[fresh]]),
        np.concatenate([first.scores, second.scores[fresh]]),
    )
