"""Two matchers as one: a quick one for every reference, a careful one for the likeliest few."""

from collections.abc import Sequence
from typing import Final

from matcher.keypoints.features import Correspondences, KeypointMatcher, LocalFeatures

CAREFUL_REFERENCES: Final = 4  # of a shortlist; the careful matcher takes most of the time


class CascadeMatcher:
    """Implements `KeypointMatcher`.

    A careful matcher that attends to all keypoints at once finds pairs that no descriptor alone
    gives away, but pairs each keypoint once: of several copies of a product it finds one. So its
    pairs are added to the quick one's, which finds them all.
    """

    def __init__(
        self,
        quick: KeypointMatcher,
        careful: KeypointMatcher,
        careful_references: int = CAREFUL_REFERENCES,
    ) -> None:
        """Combine two matchers.

        Args:
            quick: matches every reference.
            careful: matches those to which the quick one finds the most pairs.
            careful_references: how many those are.
        """
        self._quick = quick
        self.careful = careful
        self._careful_references = careful_references

    def match(
        self, query: LocalFeatures, references: Sequence[LocalFeatures]
    ) -> list[Correspondences]:
        """Match one query with several references, in their order."""
        found = self._quick.match(query, references)
        by_pairs = sorted(range(len(found)), key=lambda index: -len(found[index]))
        likeliest = by_pairs[: self._careful_references]
        careful = self.careful.match(query, [references[index] for index in likeliest])
        for index, pairs in zip(likeliest, careful, strict=True):
            found[index] = merge_pairs(found[index], pairs)
        return found


def merge_pairs(first: Correspondences, second: Correspondences) -> Correspondences:
    """Return all pairs of the first, then those that only the second has."""
    known = set(zip(first.query.tolist(), first.reference.tolist(), strict=True))
    pairs = zip(second.query.tolist(), second.reference.tolist(), strict=True)
    fresh = [index for index, pair in enumerate(pairs) if pair not in known]
    added = Correspondences(second.query[fresh], second.reference[fresh], second.scores[fresh])
    return Correspondences.joined([first, added])
