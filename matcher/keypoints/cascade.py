"""Two matchers as one: a quick one for every reference, a closer look at the likeliest few."""

from collections.abc import Sequence

from matcher.keypoints.closer_look import CloserLook
from matcher.keypoints.features import Correspondences, KeypointMatcher, LocalFeatures


class CascadeMatcher:
    """Implements `KeypointMatcher`.

    Attributes:
        quick: matches every reference.
        closer: looks at those to which the quick one finds the most pairs.
    """

    def __init__(self, quick: KeypointMatcher, closer: CloserLook) -> None:
        self.quick = quick
        self.closer = closer

    def match(
        self, query: LocalFeatures, references: Sequence[LocalFeatures]
    ) -> list[Correspondences]:
        """Match one query with several references, in their order."""
        found = self.quick.match(query, references)
        by_pairs = sorted(range(len(found)), key=lambda index: -len(found[index]))
        likeliest = by_pairs[: self.closer.references]
        closer = self.closer.pair(
            query,
            [references[index] for index in likeliest],
            [found[index] for index in likeliest],
        )
        for index, pairs in zip(likeliest, closer, strict=True):
            found[index] = pairs
        return found
