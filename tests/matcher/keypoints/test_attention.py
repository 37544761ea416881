import numpy as np
import pytest

from matcher.keypoints.attention import keypoint_geometry, select_most_similar
from tests.matcher.keypoints.pairing import batch_of, features


@pytest.mark.parametrize("oriented", [False, True])
def test_geometry_is_that_of_the_torch_module(oriented: bool) -> None:
    one = features(20, 3)

    expected = batch_of(one).geometry(oriented)[0]

    np.testing.assert_allclose(keypoint_geometry(one, oriented), expected.numpy(), atol=1e-5)


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
