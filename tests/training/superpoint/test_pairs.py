"""SuperPoint's training data."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from training.augment.warps import WarpRange, inside
from training.superpoint.pairs import (
    NO_KEYPOINT,
    UNSEEN,
    KeypointPicture,
    draw_keypoint_pair,
    to_cells,
)

EVERYTHING = np.ones((16, 24), bool)


pytestmark = pytest.mark.usefixtures("one_thread")


def points(*given: tuple[float, float]) -> NDArray[np.float32]:
    return np.array(given, np.float32).reshape(-1, 2)


def test_cells_name_the_strongest_point_and_what_is_not_shown() -> None:
    shown = EVERYTHING.copy()
    shown[8:, 16:] = False
    cells = to_cells(points((3, 2), (5, 5), (9, 15), (99, 2)), shown)
    assert cells.tolist() == [
        [2 * 8 + 3, NO_KEYPOINT, NO_KEYPOINT],
        [NO_KEYPOINT, 7 * 8 + 1, UNSEEN],
    ]


def test_both_views_of_a_picture_show_the_same_points() -> None:
    rng = np.random.default_rng(0)
    image = np.full((120, 160, 3), 30, np.uint8)
    corners = points((40, 30), (110, 30), (110, 90), (40, 90))
    cv2.rectangle(image, (40, 30), (110, 90), (230, 230, 230), -1)
    seen = 0
    for _ in range(8):
        pair = draw_keypoint_pair(KeypointPicture(image, corners), 96, WarpRange(), rng)
        assert len(pair.first_points) == len(pair.second_points)
        assert inside(pair.first_points, 96, 96).all()
        assert inside(pair.second_points, 96, 96).all()
        assert (pair.first_cells >= 0).sum() + (pair.first_cells == UNSEEN).sum() == 144
        seen += len(pair.first_points)
    assert seen > 0
