import numpy as np
import pytest

from bench.tiles import fitted, in_rows


def test_tiles_fill_rows_and_the_last_one_is_white_where_they_end() -> None:
    tiles = [np.full((4, 6, 3), grey, np.uint8) for grey in (10, 20, 30)]
    sheet = in_rows(tiles, 2)
    assert sheet.shape == (8, 12, 3)
    assert (sheet[0, 0, 0], sheet[0, 6, 0], sheet[4, 0, 0], sheet[4, 6, 0]) == (10, 20, 30, 255)
    with pytest.raises(ValueError, match="needs a tile"):
        in_rows([], 2)


def test_a_picture_is_fitted_by_its_longer_side_and_never_vanishes() -> None:
    assert fitted(np.zeros((100, 50, 3), np.uint8), 20).shape == (20, 10, 3)
    assert fitted(np.zeros((3, 900, 3), np.uint8), 90).shape == (1, 90, 3)
