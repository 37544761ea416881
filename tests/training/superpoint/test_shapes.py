"""Drawn shapes and their corners."""

import cv2
import numpy as np
import pytest

from training.augment.warps import inside
from training.superpoint.shapes import draw_shape

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("seed", range(24))
def test_corners_of_shapes_lie_in_the_picture(seed: int) -> None:
    image, corners = draw_shape(96, np.random.default_rng(seed))
    assert image.shape == (96, 96)
    assert inside(corners, 96, 96).all()


def test_corners_of_shapes_are_where_the_picture_changes() -> None:
    beside, at_corners = [], []
    for seed in range(60):
        image, corners = draw_shape(96, np.random.default_rng(seed))
        if len(corners) == 0:
            continue
        contrast = cv2.cornerMinEigenVal(image, 7)
        places = corners.astype(int).clip(3, 92)
        at_corners.append(
            np.mean([contrast[y - 3 : y + 4, x - 3 : x + 4].max() for x, y in places])
        )
        beside.append(np.median(contrast))
    assert np.mean(at_corners) > 10 * np.mean(beside)
