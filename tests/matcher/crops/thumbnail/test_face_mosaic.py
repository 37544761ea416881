import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.crops.thumbnail.face_mosaic import CELL_PX, STRIDE_PX, TILE_PX, FaceMosaic


def levels(*sizes: tuple[int, int]) -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (height, width, 3)).astype(np.uint8) for width, height in sizes]


SIZES = [
    [(300, 200), (212, 141), (150, 100), (106, 70)],
    [(12, 900), (12, 636)],
    [(12, 12)],
    [(640, 30), (452, 21), (320, 15)],
]


@pytest.mark.parametrize("sizes", SIZES)
def test_levels_lie_apart_on_the_canvas(sizes: list[tuple[int, int]]) -> None:
    given = levels(*sizes)
    mosaic = FaceMosaic.of(given)
    covered = np.zeros(mosaic.canvas.shape[:2], int)
    for level, (left, top, right, bottom) in zip(given, mosaic.places, strict=True):
        assert np.array_equal(mosaic.canvas[top:bottom, left:right], level)
        covered[top : bottom + CELL_PX - 1, left : right + CELL_PX - 1] += 1
    assert covered.max() == 1


@pytest.mark.parametrize("sizes", SIZES)
def test_every_place_of_every_level_is_judged_once(sizes: list[tuple[int, int]]) -> None:
    mosaic = FaceMosaic.of(levels(*sizes))
    judged = np.zeros(mosaic.canvas.shape[:2], int)
    for left, top, tile in mosaic.tiles():
        assert tile.shape == (TILE_PX, TILE_PX, 3)
        last = TILE_PX - CELL_PX + 1
        judged[top : top + last : STRIDE_PX, left : left + last : STRIDE_PX] += 1
    assert judged.max() == 1
    for left, top, right, bottom in mosaic.places.tolist():
        inside = judged[top : bottom - CELL_PX + 1, left : right - CELL_PX + 1]
        assert (inside[top % 2 :: 2, left % 2 :: 2] == 1).all()


def test_a_wall_is_not_looked_at() -> None:
    wall = np.full((200, 300, 3), 120, np.uint8)
    assert not list(FaceMosaic(wall, np.array([[0, 0, 300, 200]])).tiles())


def test_a_cell_belongs_to_the_level_below_its_middle() -> None:
    mosaic = FaceMosaic.of(levels((40, 40), (30, 30)))
    near, far = mosaic.places[:, :2]
    cells = np.array([near, far, far - CELL_PX])
    assert mosaic.levels_at(cells).tolist() == [0, 1, -1]
