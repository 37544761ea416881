from collections.abc import Sequence

import numpy as np
import pytest

from matcher.imaging.box import Box
from matcher.imaging.optical_flow import STILL, FrameMotion
from matcher.results import Detection
from matcher.tracking.tracker import NO_OUTLINE, Tracker, TrackerSettings, TrackState, pairwise_iou

NOTHING_MOVED = FrameMotion(STILL, {})
CUT = FrameMotion(STILL, {}, is_cut=True)


def box_at(left: float, top: float = 50.0) -> Box:
    return Box(left, top, left + 40, top + 60)


def sure(*boxes: Box) -> list[Detection]:
    return [Detection(box, 0.9) for box in boxes]


def follow(
    tracker: Tracker, frames: Sequence[tuple[float, Sequence[Detection]]], start: float = 0.0
) -> None:
    for time, detections in frames:
        tracker.update(detections, NOTHING_MOVED, start + time)


def fresh() -> Tracker:
    return Tracker(TrackerSettings())


def test_a_moving_box_keeps_its_track() -> None:
    tracker = fresh()
    follow(tracker, [(n / 25, sure(box_at(8.0 * n))) for n in range(50)])
    (track,) = tracker.tracks
    assert track.track_id == 1
    assert track.state is TrackState.TRACKED
    assert track.motion.velocity[0] == pytest.approx(200, rel=0.1)


@pytest.mark.parametrize("rate", [8, 15, 30, 60])
def test_speed_is_learnt_alike_at_every_frame_rate(rate: int) -> None:
    tracker = fresh()
    follow(tracker, [(n / rate, sure(box_at(90.0 * n / rate))) for n in range(2 * rate)])
    assert tracker.tracks[0].motion.velocity[0] == pytest.approx(90, rel=0.15)


def test_one_sighting_makes_no_track() -> None:
    tracker = fresh()
    follow(tracker, [(0, sure(box_at(10))), (0.1, []), (0.4, [])])
    assert tracker.tracks == []


def test_a_weak_detection_continues_a_track_but_starts_none() -> None:
    tracker = fresh()
    follow(tracker, [(0, sure(box_at(10))), (0.04, sure(box_at(10)))])
    weak = [Detection(box_at(12), 0.2), Detection(box_at(300), 0.2)]
    follow(tracker, [(n / 25, weak) for n in range(2, 60)])
    (track,) = tracker.tracks
    assert track.in_view
    assert track.confidence == 0.2


def test_a_lost_track_is_found_again_for_some_seconds_and_then_forgotten() -> None:
    tracker = fresh()
    follow(tracker, [(n / 25, sure(box_at(100.0 + n))) for n in range(25)])
    follow(tracker, [(1 + n / 25, []) for n in range(30)])
    assert tracker.tracks[0].state is TrackState.LOST
    follow(tracker, [(2.2, sure(box_at(155)))])
    assert (tracker.tracks[0].track_id, tracker.tracks[0].in_view) == (1, True)
    follow(tracker, [(2.3 + n / 25, []) for n in range(60)])
    assert tracker.tracks == []


def test_neighbours_keep_their_tracks_when_one_is_hidden() -> None:
    tracker = fresh()
    lefts = [0.0, 45.0, 90.0]
    follow(tracker, [(n / 25, sure(*map(box_at, lefts))) for n in range(10)])
    follow(tracker, [(0.4 + n / 25, sure(box_at(0), box_at(90))) for n in range(10)])
    states = {track.track_id: track.state for track in tracker.tracks}
    assert states == {1: TrackState.TRACKED, 2: TrackState.LOST, 3: TrackState.TRACKED}


def test_the_camera_s_motion_is_taken_out() -> None:
    tracker = fresh()
    follow(tracker, [(n / 25, sure(box_at(200))) for n in range(10)])
    jump = np.array([[1.0, 0.0, 150.0], [0.0, 1.0, 0.0]])
    tracker.update(sure(box_at(350)), FrameMotion(jump, {}), 0.44)
    (track,) = tracker.tracks
    assert track.track_id == 1
    assert abs(track.motion.velocity[0]) < 30


def test_optical_flow_carries_a_verified_track_for_a_bounded_time() -> None:
    tracker = fresh()
    corners = np.array([[10, 50], [50, 50], [50, 110], [10, 110]], np.float32)
    track = tracker.add_verified(box_at(10), corners, 0.0)
    step = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]])
    for n in range(1, 51):
        tracker.update([], FrameMotion(STILL, {1: step}), n / 25)
    assert track.in_view
    assert track.box.iou(box_at(110)) > 0.95
    np.testing.assert_allclose(track.outline, corners + np.array([100, 0]), atol=0.01)
    for n in range(51, 80):
        tracker.update([], FrameMotion(STILL, {1: step}), n / 25)
    assert not track.in_view


def test_a_track_that_flow_cannot_follow_is_lost_at_once() -> None:
    tracker = fresh()
    track = tracker.add_verified(box_at(10), NO_OUTLINE, 0.0)
    tracker.update([], NOTHING_MOVED, 0.04)
    assert track.state is TrackState.LOST


def test_a_cut_ends_every_track() -> None:
    tracker = fresh()
    follow(tracker, [(n / 25, sure(box_at(10))) for n in range(5)])
    tracker.update(sure(box_at(10)), CUT, 0.24)
    assert [track.track_id for track in tracker.tracks] == [2]


def test_a_verified_outline_joins_the_track_in_its_place_or_starts_one() -> None:
    tracker = fresh()
    follow(tracker, [(n / 25, sure(box_at(10))) for n in range(3)])
    outline = np.array([[10, 50], [50, 50], [50, 110], [10, 110]], np.float32)
    assert tracker.add_verified(box_at(12), outline, 0.08).track_id == 1
    assert tracker.add_verified(box_at(200), outline + 190, 0.08).track_id == 2


def test_an_outline_that_went_astray_is_dropped() -> None:
    tracker = fresh()
    outline = np.array([[10, 50], [50, 50], [50, 110], [10, 110]], np.float32)
    track = tracker.add_verified(box_at(10), outline, 0.0)
    follow(tracker, [(n / 25, sure(box_at(10.0 + 8 * n))) for n in range(1, 15)])
    assert track.in_view
    assert len(track.outline) == 0


def test_two_tracks_of_one_box_become_one() -> None:
    tracker = fresh()
    both = [Detection(box_at(10), 0.9), Detection(box_at(11), 0.9)]
    follow(tracker, [(n / 25, both) for n in range(20)])
    assert [track.track_id for track in tracker.tracks] == [1]


def test_overlaps_agree_with_the_boxes_own_iou() -> None:
    boxes = [box_at(0), box_at(20, 70), Box(5, 5, 5, 5), Box(0, 0, 500, 500)]
    expected = [[a.iou(b) for b in boxes] for a in boxes]
    np.testing.assert_allclose(pairwise_iou(boxes, boxes), expected, atol=1e-12)
    assert pairwise_iou([], boxes).shape == (0, 4)


def test_a_track_is_lost_when_hardly_anything_of_it_is_in_the_picture() -> None:
    tracker = fresh()
    follow(tracker, [(n / 25, sure(box_at(-30.0), box_at(-36.0, 300.0))) for n in range(5)])
    tracker.lose_outside(640, 480)
    assert [track.in_view for track in tracker.tracks] == [True, False]
