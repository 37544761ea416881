"""Cells of a picture as the journal has them."""

import numpy as np
import pytest

from catalog.records.codec import from_record, to_record
from catalog.records.kept import KeptChoice, PictureSize
from catalog.records.product import ReferenceImage
from catalog.records.shared_cells import GRID, areas_of, cells_at, pack_cells, unpack_cells

PLAIN = ReferenceImage("ab", "png", 64, 32, "tea.png", "2026-01-01")
SIZE = PictureSize(64, 32)


def test_cells_survive_the_journal() -> None:
    cells = np.random.default_rng(1).random((GRID, GRID)) < 0.3
    image = ReferenceImage("ab", "png", 64, 32, "tea.png", "", background=pack_cells(cells))
    assert from_record(ReferenceImage, to_record(image)) == image
    assert np.array_equal(unpack_cells(image.background), cells)
    assert not image.is_plain
    assert image.kept_id.startswith(f"{image.encoding_id}-")


def test_pictures_without_background_are_written_as_before() -> None:
    assert "background" not in to_record(PLAIN)
    assert from_record(ReferenceImage, to_record(PLAIN)) == PLAIN
    assert PLAIN.kept_id == PLAIN.encoding_id
    assert pack_cells(np.zeros((GRID, GRID), np.bool_)) == ""


def test_a_choice_overrules_background() -> None:
    cells = pack_cells(np.ones((GRID, GRID), np.bool_))
    chosen = ReferenceImage("ab", "png", 64, 32, "tea.png", "", KeptChoice(), background=cells)
    assert chosen.shared_cells == ""
    assert chosen.kept_id == chosen.encoding_id


@pytest.mark.parametrize("text", ["", "xyz", "ff", "abc", "f" * 255])
def test_what_is_no_square_of_cells_marks_none(text: str) -> None:
    assert not unpack_cells(text).any()


def test_points_at_the_rim_and_beyond_lie_in_the_outermost_cells() -> None:
    cells = np.zeros((GRID, GRID), np.bool_)
    cells[-1, -1] = True
    points = np.array([[64.0, 32.0], [90.0, 40.0], [0.0, 0.0], [-5.0, 31.9]])
    assert cells_at(cells, points, SIZE).tolist() == [True, True, False, False]
    assert cells_at(cells, np.zeros((0, 2)), SIZE).tolist() == []
    assert areas_of(cells, SIZE) == [(62.0, 31.0, 64.0, 32.0)]
