"""A quick matcher for all references, a careful one for the likeliest."""

from collections.abc import Sequence

import numpy as np

from matcher.keypoints.cascade import CascadeMatcher
from matcher.keypoints.closer_look import CloserLook
from matcher.keypoints.features import Correspondences, LocalFeatures
from tests.matcher.keypoints.pairing import features


def pairs_of(*pairs: tuple[int, int]) -> Correspondences:
    table = np.array(pairs, np.int64).reshape(-1, 2)
    return Correspondences(table[:, 0], table[:, 1], np.ones(len(table), np.float32))


def listed(found: Correspondences) -> list[tuple[int, int]]:
    return list(zip(found.query.tolist(), found.reference.tolist(), strict=True))


class CountingMatcher:
    """Pairs as many keypoints as a reference has, and remembers the references' sizes."""

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.requested: list[int] = []

    def match(
        self, _query: LocalFeatures, references: Sequence[LocalFeatures], /
    ) -> list[Correspondences]:
        self.requested += [len(reference) for reference in references]
        return [
            pairs_of(*((n, (n + self.offset) % len(reference)) for n in range(len(reference))))
            for reference in references
        ]


def test_only_the_likeliest_references_are_looked_at_closer() -> None:
    quick, careful = CountingMatcher(0), CountingMatcher(1)
    references = [features(count, count) for count in (3, 9, 1, 5)]

    found = CascadeMatcher(quick, CloserLook(careful, 2)).match(features(12, 0), references)

    assert quick.requested == [3, 9, 1, 5]
    assert careful.requested == [9, 5]
    assert [len(pairs) for pairs in found] == [3, 18, 1, 10]


def test_no_reference_gives_no_pairs() -> None:
    cascade = CascadeMatcher(CountingMatcher(0), CloserLook(CountingMatcher(1), 4))
    assert cascade.match(features(4, 0), []) == []
