import numpy as np
import pytest

from matcher.imaging.box import Box
from matcher.tracking.kalman import BoxMotion
from matcher.tracking.tracker import Track, TrackState
from matcher.tracking.visibility import seconds_in_view, view_quality

WIDTH, HEIGHT = 640, 360
LONG_S = 1e6


def track_at(box: Box, velocity: tuple[float, float] = (0.0, 0.0)) -> Track:
    motion = BoxMotion.start(box)
    motion.mean[:2, 1] = velocity
    return Track(1, TrackState.TRACKED, motion, 0.9, 0.0, 0.0, 0.0)


def test_what_stands_still_stays_and_what_moves_leaves_at_its_side() -> None:
    box = Box(280, 130, 360, 230)  # its centre is the picture's
    assert seconds_in_view(track_at(box), (0.0, 0.0), WIDTH, HEIGHT) > LONG_S
    leaving = track_at(box, (160.0, 0.0))
    assert seconds_in_view(leaving, (0.0, 0.0), WIDTH, HEIGHT) == pytest.approx(2.0)
    rising = track_at(box, (0.0, -90.0))
    assert seconds_in_view(rising, (0.0, 0.0), WIDTH, HEIGHT) == pytest.approx(2.0)


def test_the_scene_carries_a_thing_out_as_well() -> None:
    box = Box(280, 130, 360, 230)
    assert seconds_in_view(track_at(box), (320.0, 0.0), WIDTH, HEIGHT) == pytest.approx(1.0)
    against = track_at(box, (-320.0, 0.0))
    assert seconds_in_view(against, (320.0, 0.0), WIDTH, HEIGHT) > LONG_S


def test_a_view_is_better_when_it_is_larger_sharper_and_whole() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH)).astype(np.uint8)
    grey = noise // 8 + 100
    plain = view_quality(track_at(Box(100, 100, 180, 200)), grey, WIDTH, HEIGHT)
    larger = view_quality(track_at(Box(100, 100, 260, 300)), grey, WIDTH, HEIGHT)
    sharper = view_quality(track_at(Box(100, 100, 180, 200)), noise, WIDTH, HEIGHT)
    cut_off = view_quality(track_at(Box(-40, 100, 40, 200)), grey, WIDTH, HEIGHT)
    assert 0 < cut_off < plain < min(larger, sharper)


def test_what_is_outside_or_before_the_first_frame_shows_nothing() -> None:
    grey = np.zeros((HEIGHT, WIDTH), np.uint8)
    assert view_quality(track_at(Box(-200, 0, -100, 90)), grey, WIDTH, HEIGHT) == 0
    assert view_quality(track_at(Box(100, 100, 180, 200)), None, WIDTH, HEIGHT) == 0
