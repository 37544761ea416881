"""Pictures by which people check a match."""

from dataclasses import replace

import numpy as np
import pytest

from api.drawing.annotator import COLOURS
from api.drawing.comparison import BACKDROP, draw_comparison, draw_thumbnail
from matcher.imaging.box import Box
from matcher.results import Verdict
from tests.api.drawing.comparisons import comparison, decoded, jpeg


def test_lines_join_corresponding_points() -> None:
    without, panel = decoded(draw_comparison(comparison(0))), decoded(draw_comparison(comparison()))
    gap = slice(440, 500)
    assert np.abs(without[:, gap].astype(int) - BACKDROP).max() < 30
    assert panel[:, gap].max() > 150
    assert panel.shape[1] < 1000


def test_the_product_is_outlined_in_the_crop() -> None:
    panel = decoded(draw_comparison(comparison(0))).astype(int)
    green = np.abs(panel - COLOURS[Verdict.IDENTICAL]).max(axis=2) < 60
    rows, columns = np.nonzero(green)
    # The outline takes the crop's 10 % to 90 %; the crop is 420 pixels, from (506, 14) on.
    assert columns.min() == pytest.approx(506 + 42, abs=4)
    assert columns.max() == pytest.approx(506 + 378, abs=4)
    assert rows.min() == pytest.approx(14 + 42, abs=4)


def test_points_that_are_not_numbers_or_far_away_do_no_harm() -> None:
    odd = np.array([(np.nan, 1, 2, 3), (1, 2, 1e30, -1e30), (5, 5, 120, 80)], np.float32)
    outline = np.array([(np.inf, 1), (1e30, 2), (3, 4), (5, 6)], np.float32)
    assert draw_comparison(replace(comparison(), correspondences=odd, outline=outline))


def test_tiny_and_long_crops_are_shown() -> None:
    for width, height in ((1, 1), (3, 200), (400, 4)):
        small = replace(comparison(0), crop=jpeg(width, height), crop_box=Box(0, 0, width, height))
        assert decoded(draw_comparison(small)).shape[1] <= 940
        assert max(decoded(draw_thumbnail(jpeg(width, height), 72)).shape[:2]) <= 72


def test_a_thumbnail_is_cut_to_the_square_that_shows_most() -> None:
    small = decoded(draw_thumbnail(jpeg(200, 100), 72, lambda _: Box(0.5, 0, 1, 1)))
    assert small.shape[:2] == (72, 72)
