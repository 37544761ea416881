import numpy as np
import pytest

from bench.crops.propose.corners import farthest_corner

SQUARE = np.array([[0.0, 0], [30, 0], [30, 40], [0, 40]])


def test_the_farthest_corner_counts_in_shares_of_the_diagonal() -> None:
    found = SQUARE + np.array([[0, 0], [0, 0], [0, 5], [0, 0]])
    assert farthest_corner(found, SQUARE) == pytest.approx(0.1)


def test_any_corner_may_be_the_first() -> None:
    assert farthest_corner(np.roll(SQUARE, 2, axis=0), SQUARE) == 0
