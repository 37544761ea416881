"""A quick matcher for all references, a careful one for the likeliest."""

from collections.abc import Sequence

import numpy as np

from matcher.keypoints.cascade import CascadeMatcher, merge_pairs
from matcher.keypoints.features import Correspondences, LocalFeatures
from tests.matcher.keypoints.test_superglue import features


def said(*pairs: tuple[int, int]) -> Correspondences:
    table = np.array(pairs, np.int64).reshape(-1, 2)
    return Correspondences(table[:, 0], table[:, 1], np.ones(len(table), np.float32))


def listed(found: Correspondences) -> list[tuple[int, int]]:
    return list(zip(found.query.tolist(), found.reference.tolist(), strict=True))


class Saying:
    """Pairs as many keypoints as a reference has, and remembers whom it was asked about."""

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.asked: list[int] = []

    def match(
        self, _query: LocalFeatures, references: Sequence[LocalFeatures], /
    ) -> list[Correspondences]:
        self.asked += [len(one) for one in references]
        return [
            said(*((index, index + self.offset) for index in range(len(one)))) for one in references
        ]


def test_only_the_likeliest_references_are_looked_at_closer() -> None:
    quick, careful = Saying(0), Saying(1)
    references = [features(count, count) for count in (3, 9, 1, 5)]

    found = CascadeMatcher(quick, careful, careful_references=2).match(features(4, 0), references)

    assert quick.asked == [3, 9, 1, 5]
    assert careful.asked == [9, 5]
    assert [len(one) for one in found] == [3, 18, 1, 10]


def test_pairs_that_both_find_count_once() -> None:
    found = merge_pairs(said((0, 0), (1, 4)), said((1, 4), (1, 5), (2, 2)))
    assert listed(found) == [(0, 0), (1, 4), (1, 5), (2, 2)]
    assert len(merge_pairs(said(), said())) == 0


def test_no_reference_gives_no_pairs() -> None:
    assert CascadeMatcher(Saying(0), Saying(1)).match(features(4, 0), []) == []
