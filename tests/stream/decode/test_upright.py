"""Pictures turned upright."""

import numpy as np
import pytest

from stream.decode.upright import turn_upright

CORNERS = np.array([[[1], [2]], [[3], [4]], [[5], [6]]], np.uint8).repeat(3, axis=2)


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        (None, [[1, 2], [3, 4], [5, 6]]),
        ([[65536, 0], [0, 65536]], [[1, 2], [3, 4], [5, 6]]),
        ([[0, 65536], [-65536, 0]], [[5, 3, 1], [6, 4, 2]]),
        ([[-65536, 0], [0, -65536]], [[6, 5], [4, 3], [2, 1]]),
        ([[0, -65536], [65536, 0]], [[2, 4, 6], [1, 3, 5]]),
        ([[-65536, 0], [0, 65536]], [[2, 1], [4, 3], [6, 5]]),
        ([[0, 65536], [65536, 0]], [[1, 3, 5], [2, 4, 6]]),
        ([[0, 0], [0, 0]], [[1, 2], [3, 4], [5, 6]]),
    ],
)
def test_a_display_matrix_turns_and_mirrors(
    matrix: list[list[int]] | None, expected: list[list[int]]
) -> None:
    given = None if matrix is None else np.array(matrix, np.int32)
    turned = turn_upright(CORNERS, given)
    assert turned[:, :, 0].tolist() == expected
    assert turned.flags.c_contiguous
