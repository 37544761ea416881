"""Looks closer at a few references: attention pairs keypoints, and surfaces check the pairs."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from matcher.keypoints.features import Correspondences, KeypointMatcher, LocalFeatures
from matcher.keypoints.guided_matching import GUIDED_MATCHING_SETTINGS, match_along_surfaces
from matcher.keypoints.pairs import merge_pairs

# Attention has seen that a surface is there, so that its keypoints may look less alike.
_CLOSER_SETTINGS: Final = replace(GUIDED_MATCHING_SETTINGS, similarity=0.3)


class CloserLook:
    """Pairs the keypoints of likely references again, with more care and in more time.

    A matcher that attends to all keypoints at once finds pairs that no descriptor alone gives away,
    but pairs each keypoint once: of several copies of a product it finds one. So its pairs join
    those that are known, and all of them are checked by their neighbours.

    Attributes:
        careful: attends to all keypoints of both pictures at once.
        references: that it is worth its time to look at, in one picture.
    """

    def __init__(self, careful: KeypointMatcher, references: int) -> None:
        self.careful = careful
        self.references = references

    def pair(
        self,
        query: LocalFeatures,
        references: Sequence[LocalFeatures],
        known: Sequence[Correspondences],
    ) -> list[Correspondences]:
        """Return the pairs of one query with each reference, in their order.

        Args:
            query: keypoints of a picture.
            references: to look at.
            known: the pairs that a quick matcher found with each.
        """
        careful = self.careful.match(query, references)
        return [
            match_along_surfaces(merge_pairs(more, pairs), query, reference, _CLOSER_SETTINGS)
            for pairs, more, reference in zip(known, careful, references, strict=True)
        ]
