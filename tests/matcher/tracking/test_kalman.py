import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.imaging.box import Box
from matcher.tracking.kalman import BoxMotion

STILL = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


@given(st.floats(0.01, 1.0), st.floats(0.01, 1.0))
def test_two_short_waits_are_one_long_wait(first: float, second: float) -> None:
    halves, whole = (BoxMotion.start(Box(10, 10, 50, 90)) for _ in range(2))
    for motion in (halves, whole):
        motion.mean[:2, 1] = (30, -20)
    halves.predict(first)
    halves.predict(second)
    whole.predict(first + second)
    np.testing.assert_allclose(halves.mean, whole.mean, atol=1e-9)
    np.testing.assert_allclose(halves.covariance, whole.covariance, rtol=1e-9, atol=1e-6)


def test_doubt_grows_with_time_and_shrinks_with_sightings() -> None:
    motion = BoxMotion.start(Box(10, 10, 50, 90))
    at_start = motion.covariance[0, 0, 0]
    motion.predict(0.5)
    in_doubt = motion.covariance[0, 0, 0]
    motion.update(Box(12, 10, 52, 90))
    assert motion.covariance[0, 0, 0] < at_start < in_doubt


def test_a_zoom_moves_and_grows_the_box() -> None:
    motion = BoxMotion.start(Box(10, 10, 50, 90))
    motion.warp(np.array([[2.0, 0.0, 5.0], [0.0, 2.0, 0.0]]))
    box = motion.box
    assert (box.left, box.top, box.right, box.bottom) == pytest.approx((25, 20, 105, 180))


def test_following_flow_learns_the_object_s_own_speed() -> None:
    motion = BoxMotion.start(Box(10, 10, 50, 90))
    own = np.array([[1.0, 0.0, 6.0], [0.0, 1.0, 0.0]])
    camera = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]])
    for _ in range(30):
        motion.follow(own, camera, 0.04)
    assert motion.velocity[0] == pytest.approx(100, rel=0.01)


def test_a_shrunken_box_never_vanishes() -> None:
    motion = BoxMotion.start(Box(10, 10, 12, 12))
    motion.mean[2:, 1] = -100
    motion.predict(1.0)
    assert motion.box.width >= 1
    motion.warp(STILL)
    assert np.isfinite(motion.mean).all()
