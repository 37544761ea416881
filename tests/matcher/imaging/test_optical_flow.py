import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.imaging.box import Box
from matcher.imaging.optical_flow import STILL, OpticalFlow, reduce_to_grey
from tests.matcher.world import texture


def view(left: int, top: int, seed: int = 3) -> NDArray[np.uint8]:
    return texture(seed, 1600, 1000)[top : top + 720, left : left + 1280].copy()


def test_a_pan_is_measured_in_pixels_of_the_full_picture() -> None:
    flow = OpticalFlow()
    assert flow.follow(view(100, 50), {}).camera is STILL
    motion = flow.follow(view(112, 44), {})
    np.testing.assert_allclose(motion.camera[:, 2], [-12, 6], atol=0.3)
    np.testing.assert_allclose(motion.camera[:, :2], np.eye(2), atol=0.003)


def test_a_product_that_moves_against_the_scene_is_followed_for_itself() -> None:
    first, second = view(0, 0), view(0, 0)
    patch = texture(8, 200, 300)
    first[200:500, 300:500] = patch
    second[190:490, 316:516] = patch
    flow = OpticalFlow()
    flow.follow(first, {})
    motion = flow.follow(second, {5: Box(300, 200, 500, 500)})
    np.testing.assert_allclose(motion.regions[5][:, 2], [16, -10], atol=0.6)
    np.testing.assert_allclose(motion.camera[:, 2], [0, 0], atol=0.3)


def test_a_cut_has_no_motion() -> None:
    flow = OpticalFlow()
    flow.follow(view(0, 0), {})
    motion = flow.follow(view(0, 0, seed=4), {1: Box(100, 100, 300, 300)})
    assert motion.is_cut
    assert motion.regions == {}


@pytest.mark.parametrize("value", [0, 128])
def test_an_even_surface_has_no_motion(value: int) -> None:
    flow = OpticalFlow()
    flat = np.full((360, 640, 3), value, np.uint8)
    flow.follow(flat, {})
    motion = flow.follow(flat, {1: Box(10, 10, 200, 200)})
    assert (motion.regions, motion.is_cut) == ({}, False)


def test_a_changed_resolution_is_a_cut() -> None:
    flow = OpticalFlow()
    flow.follow(view(0, 0), {})
    assert flow.follow(view(0, 0)[:360, :640].copy(), {}).is_cut


def test_a_region_outside_the_picture_or_too_small_is_left_out() -> None:
    flow = OpticalFlow()
    flow.follow(view(0, 0), {})
    motion = flow.follow(view(4, 0), {1: Box(-90, -90, -10, -10), 2: Box(50, 50, 58, 58)})
    assert motion.regions == {}
    np.testing.assert_allclose(motion.camera[:, 2], [-4, 0], atol=0.3)


def test_a_large_picture_is_reduced_by_a_whole_number() -> None:
    assert reduce_to_grey(np.zeros((720, 1280, 3), np.uint8)).shape == (360, 640)
    assert reduce_to_grey(np.zeros((1080, 1920, 3), np.uint8)).shape == (360, 640)
    assert reduce_to_grey(np.zeros((48, 64, 3), np.uint8)).shape == (48, 64)
