"""Random homographies."""

import numpy as np
import pytest
from numpy.typing import NDArray

from training.augment.warps import WarpRange, draw_warp, warp_points

pytestmark = pytest.mark.usefixtures("one_thread")


def points(*given: tuple[float, float]) -> NDArray[np.float32]:
    return np.array(given, np.float32).reshape(-1, 2)


def test_warps_carry_points_and_their_inverse_brings_them_back() -> None:
    warp = draw_warp(80, 60, WarpRange(), np.random.default_rng(1))
    there = warp_points(points((10, 20), (70, 50)), warp)
    back = warp_points(there, np.asarray(np.linalg.inv(warp), np.float64))
    assert back == pytest.approx(points((10, 20), (70, 50)), abs=1e-3)
    assert len(warp_points(points(), warp)) == 0
