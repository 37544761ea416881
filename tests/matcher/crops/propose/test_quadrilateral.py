import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.crops.propose.quadrilateral import EdgePicture

BELIEVED = np.array([[60.0, 40], [250, 50], [240, 190], [70, 180]])
SOFT = 8  # the picture is drawn so many times larger and averaged


def painting(corners: NDArray[np.float64], noise: float = 4.0) -> NDArray[np.uint8]:
    """A dark quadrilateral on a light wall, its edges as soft as a lens makes them."""
    large = np.full((240 * SOFT, 320 * SOFT, 3), 200, np.uint8)
    cv2.fillConvexPoly(large, np.rint(corners * SOFT).astype(np.int32), (60, 80, 110))
    small = cv2.resize(large, (320, 240), interpolation=cv2.INTER_AREA).astype(np.float64)
    grain = np.random.default_rng(0).normal(0, noise, small.shape)
    return np.clip(small + grain, 0, 255).astype(np.uint8)


def test_corners_are_found_to_less_than_a_pixel() -> None:
    true = BELIEVED + np.array([[3, -4], [-5, 2], [4, 4], [-3, 5]])
    fitted = EdgePicture(painting(true)).fit(BELIEVED)
    assert fitted.sides_seen == 4
    assert np.abs(fitted.corners - true).max() < 0.7


def test_a_larger_picture_is_answered_in_its_own_pixels() -> None:
    true = BELIEVED + 2.0
    large = cv2.resize(painting(true), None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    fitted = EdgePicture(large.astype(np.uint8)).fit(BELIEVED * 4)
    assert np.abs(fitted.corners - true * 4).max() < 3


def test_a_wall_without_edges_leaves_what_was_believed() -> None:
    wall = np.full((240, 320, 3), 180, np.uint8)
    fitted = EdgePicture(wall).fit(BELIEVED)
    assert not fitted.is_seen
    assert np.array_equal(fitted.corners, BELIEVED)


def test_a_side_behind_a_visitor_does_not_carry_the_corners_away() -> None:
    true = BELIEVED + 3.0
    image = painting(true)
    image[60:, 130:175] = (20, 20, 20)
    fitted = EdgePicture(image).fit(BELIEVED)
    assert np.abs(fitted.corners - true).max() < 2


@pytest.mark.parametrize("shift", [(-60, -40), (120, 90)])
def test_outlines_beyond_the_picture_are_answered(shift: tuple[int, int]) -> None:
    fitted = EdgePicture(painting(BELIEVED)).fit(BELIEVED + np.array(shift))
    assert np.isfinite(fitted.corners).all()


def test_an_outline_without_extent_is_answered() -> None:
    fitted = EdgePicture(painting(BELIEVED)).fit(np.zeros((4, 2)) + 50)
    assert not fitted.is_seen
