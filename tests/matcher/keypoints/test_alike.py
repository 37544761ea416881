"""Which keypoints are kept for a closer look."""

import numpy as np

from matcher.keypoints.superglue import select_most_similar
from tests.matcher.keypoints.test_superglue import features


def test_few_keypoints_are_all_kept() -> None:
    rows, columns = select_most_similar(features(5, 1), features(7, 2), 7)
    assert rows.tolist() == list(range(5))
    assert columns.tolist() == list(range(7))


def test_keypoints_with_a_lookalike_are_kept_in_their_order() -> None:
    query, reference = features(60, 1), features(50, 2)
    known = np.array([3, 17, 40])
    reference.descriptors[[30, 4, 11]] = query.descriptors[known]
    rows, columns = select_most_similar(query, reference, 3)
    assert rows.tolist() == known.tolist()
    assert columns.tolist() == [4, 11, 30]
