"""Pairs of different matchers, joined."""

import numpy as np

from matcher.keypoints.features import Correspondences
from matcher.keypoints.pairs import merge_pairs


def pairs_of(*pairs: tuple[int, int]) -> Correspondences:
    table = np.array(pairs, np.int64).reshape(-1, 2)
    return Correspondences(table[:, 0], table[:, 1], np.ones(len(table), np.float32))


def listed(found: Correspondences) -> list[tuple[int, int]]:
    return list(zip(found.query.tolist(), found.reference.tolist(), strict=True))


def test_pairs_that_both_find_count_once() -> None:
    found = merge_pairs(pairs_of((0, 0), (1, 4)), pairs_of((1, 4), (1, 5), (2, 2)))
    assert listed(found) == [(0, 0), (1, 4), (1, 5), (2, 2)]
    assert len(merge_pairs(pairs_of(), pairs_of())) == 0
