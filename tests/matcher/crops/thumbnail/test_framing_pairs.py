import numpy as np
import pytest

from matcher.crops.thumbnail.framing_pairs import (
    SEEN_SIDE_PX,
    cut_window,
    draw_same_size,
    draw_windows,
    overlaps,
)
from tests.catalog.support.fakes import pixels


def test_windows_are_inside_the_picture() -> None:
    windows = draw_windows(np.random.default_rng(0), 200)
    assert windows.min() >= 0
    assert windows.max() <= 1
    assert ((windows[:, 2:] - windows[:, :2]) > 0.3).all()


def test_the_first_of_a_size_is_in_the_middle() -> None:
    windows = draw_same_size(np.random.default_rng(1), 5)
    assert windows[0, :2] == pytest.approx(1 - windows[0, 2:])
    sides = windows[:, 2:] - windows[:, :2]
    assert sides == pytest.approx(np.tile(sides[0], (6, 1)))
    shared = overlaps(windows[0], windows)
    assert shared[0] == pytest.approx(1)
    assert (shared[1:] < 1).all()


def test_every_window_is_seen_at_one_size() -> None:
    """Or a crop would be known by its blur."""
    image = pixels(3, 400, 300)
    for window in draw_windows(np.random.default_rng(2), 8):
        assert max(cut_window(image, window).shape[:2]) == SEEN_SIDE_PX
