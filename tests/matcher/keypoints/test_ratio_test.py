import numpy as np
from numpy.typing import NDArray

from matcher.keypoints.features import LocalFeatures
from matcher.keypoints.ratio_test import NearestNeighbourMatcher


def described(rows: list[list[float]]) -> LocalFeatures:
    descriptors: NDArray[np.float32] = np.array(rows, np.float32).reshape(len(rows), -1)
    descriptors /= np.maximum(np.linalg.norm(descriptors, axis=1, keepdims=True), 1e-9)
    ones = np.ones(len(rows), np.float32)
    return LocalFeatures(np.zeros((len(rows), 2), np.float32), ones, ones, ones, descriptors, 9, 9)


AXES = described([[1, 0, 0], [0, 1, 0], [0, 0, 1]])
NOTHING = LocalFeatures(
    np.zeros((0, 2), np.float32),
    np.zeros(0, np.float32),
    np.zeros(0, np.float32),
    np.zeros(0, np.float32),
    np.zeros((0, 3), np.float32),
    9,
    9,
)


def test_each_keypoint_pairs_with_its_clearly_nearest() -> None:
    query = described([[0, 0, 5], [1, 0.1, 0]])
    pairs = NearestNeighbourMatcher().match(query, [AXES])[0]
    assert pairs.query.tolist() == [0, 1]
    assert pairs.reference.tolist() == [2, 0]
    assert pairs.scores.min() > 0.9


def test_a_keypoint_between_two_pairs_with_neither() -> None:
    assert len(NearestNeighbourMatcher().match(described([[1, 1, 0]]), [AXES])[0]) == 0


def test_a_stricter_ratio_pairs_less() -> None:
    query = described([[1, 0.6, 0]])
    assert len(NearestNeighbourMatcher(0.9).match(query, [AXES])[0]) == 1
    assert len(NearestNeighbourMatcher(0.3).match(query, [AXES])[0]) == 0


def test_copies_in_the_picture_share_a_reference_keypoint() -> None:
    pairs = NearestNeighbourMatcher().match(described([[1, 0, 0], [1, 0, 0.05]]), [AXES])[0]
    assert pairs.reference.tolist() == [0, 0]


def test_references_are_answered_in_their_order_and_empty_ones_pair_with_none() -> None:
    query = described([[1, 0, 0]])
    lone = described([[1, 0, 0]])
    found = NearestNeighbourMatcher().match(query, [NOTHING, AXES, lone])
    assert [len(pairs) for pairs in found] == [0, 1, 0]


def test_a_picture_without_keypoints_pairs_with_nothing() -> None:
    assert [len(pairs) for pairs in NearestNeighbourMatcher().match(NOTHING, [AXES, NOTHING])] == [
        0,
        0,
    ]


def test_no_references_no_answers() -> None:
    assert NearestNeighbourMatcher().match(AXES, []) == []
