import numpy as np
import pytest

from matcher.crops.thumbnail.candidates import (
    SCALES,
    is_cut,
    is_whole,
    largest_window,
    place_windows,
    shares_inside,
)
from matcher.imaging.box import Box


@pytest.mark.parametrize("ratio", [0.1, 9 / 16, 1.0, 16 / 9, 10.0])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (16, 9), (641, 479), (100, 3000)])
def test_every_window_is_inside_and_has_the_aspect(width: int, height: int, ratio: float) -> None:
    windows = place_windows(width, height, ratio, [Box(3, 3, 9, 9)], SCALES)
    assert (windows[:, :2] >= 0).all()
    assert (windows[:, 2] <= width).all()
    assert (windows[:, 3] <= height).all()
    sides = windows[:, 2:] - windows[:, :2]
    assert (sides >= 1).all()
    assert (np.abs(sides[:, 0] - ratio * sides[:, 1]) <= max(ratio, 1)).all()


def test_the_largest_window_touches_two_opposite_sides() -> None:
    assert largest_window(640, 480, 1.0) == (480, 480)
    assert largest_window(640, 480, 16 / 9) == (640, 360)


def test_a_window_that_just_holds_a_box_is_among_them() -> None:
    box = Box(201.5, 40, 441.25, 400)
    windows = place_windows(1000, 480, 0.5, [box], (1.0,))
    assert windows[0, 2] - windows[0, 0] == 240
    assert is_whole(shares_inside(windows, [box])).any()


def test_a_window_just_beside_a_box_is_among_them() -> None:
    box = Box(300, 0, 420, 480)
    windows = place_windows(1000, 480, 0.6, [box], (1.0,))
    shares = shares_inside(windows, [box])[:, 0]
    beside = windows[~is_cut(shares)]
    assert {300 - 288, 420} <= set(beside[:, 0].tolist())


def test_boxes_are_whole_cut_or_outside() -> None:
    windows = np.array([[0, 0, 100, 100], [50, 0, 150, 100], [200, 0, 300, 100]], np.float64)
    shares = shares_inside(windows, [Box(20, 20, 80, 80)])[:, 0]
    assert shares.tolist() == [1.0, 0.5, 0.0]
    assert is_whole(shares).tolist() == [True, False, False]
    assert is_cut(shares).tolist() == [False, True, False]


def test_without_boxes_nothing_is_cut() -> None:
    windows = place_windows(64, 48, 1.0, [], SCALES)
    assert shares_inside(windows, []).shape == (len(windows), 0)
