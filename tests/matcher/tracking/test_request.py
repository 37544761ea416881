from collections.abc import Callable

import numpy as np
import pytest

from matcher.tracking.events import Event, EventKind
from matcher.tracking.frame_matcher import FrameMatcher
from matcher.tracking.output import MatchedFrame
from matcher.tracking.request import VerificationRequest, run_request
from matcher.tracking.state import SessionInfo
from tests.matcher.world import World, WorldCatalog, WorldFinder, WorldThing, standing, still

CATALOG = WorldCatalog()
MOVING = WorldThing("tea", lambda time: standing(60 + 90 * time, 100))


def watch_late(
    finder: WorldFinder,
    seconds: float,
    delay: int,
    catalog: Callable[[float], WorldCatalog] = lambda _: CATALOG,
) -> list[MatchedFrame]:
    """Every result comes `delay` frames after its request."""
    matcher: FrameMatcher[WorldCatalog] = FrameMatcher(finder, SessionInfo("s", 0.0))
    frames: list[MatchedFrame] = []
    request: VerificationRequest | None = None
    result, due_at = None, -1
    for frame in finder.world.frames(seconds):
        now = catalog(frame.media_time)
        if request is not None:
            matcher.mark_started(request)
            result, due_at = run_request(finder, request, now), frame.index + delay - 1
            request = None
        matcher.track(frame, now)
        if result is not None and frame.index >= due_at:
            matcher.apply_result(result, frame, now)
            result = None
        frames.append(matcher.emit(frame, now))
        if result is None:
            request = matcher.next_request(matcher.most_urgent(frame), frame)
    return [*frames, matcher.finish(catalog(seconds))]


def events_of(frames: list[MatchedFrame]) -> list[Event]:
    return [event for frame in frames for event in frame.events]


def kinds(frames: list[MatchedFrame]) -> list[tuple[str, str | None]]:
    return [(str(event.event), event.product_id) for event in events_of(frames)]


@pytest.mark.parametrize("delay", [1, 2, 8, 20])
def test_a_late_answer_is_about_where_the_product_is_by_now(delay: int) -> None:
    frames = watch_late(WorldFinder(World((MOVING,))), 4, delay)
    assert kinds(frames) == [("entered", None), ("confirmed", "tea"), ("left", "tea")]
    confirmed = events_of(frames)[1]
    truth = standing(60 + 90 * confirmed.media_time_s, 100)
    assert confirmed.box.iou(truth) > 0.8
    assert np.abs(confirmed.outline[0] - [truth.left, truth.top]).max() < 8


def test_what_only_a_late_survey_sees_moves_with_the_camera() -> None:
    def pan(time: float) -> tuple[float, float]:
        return (60 * time, 0.0)

    world = World((WorldThing("tea", still(300, 100)),), camera=pan)
    frames = watch_late(WorldFinder(world, sees=lambda _thing, _time: False), 3, 10)
    confirmed = next(event for event in events_of(frames) if event.event is EventKind.CONFIRMED)
    truth = standing(300 - 60 * confirmed.media_time_s, 100)
    assert confirmed.box.iou(truth) > 0.8


def test_the_evidence_is_cut_from_the_picture_that_was_looked_at() -> None:
    frames = watch_late(WorldFinder(World((MOVING,))), 3, 12)
    best = frames[-1].summaries[0].best
    assert best is not None
    truth = standing(60 + 90 * best.sighting.media_time_s, 100)
    assert best.sighting.box.iou(truth) > 0.9
    assert best.match.detection.box.iou(truth) > 0.5


def test_an_answer_about_a_scene_that_was_cut_away_is_not_believed() -> None:
    def cut(time: float) -> tuple[float, float]:
        return (0.0 if time < 0.32 else 500.0, 0.0)

    world = World((WorldThing("tea", still(100, 100)),), camera=cut)
    assert events_of(watch_late(WorldFinder(world), 2, 30)) == []


def test_a_product_that_left_the_catalog_during_the_look_is_not_named() -> None:
    smaller = WorldCatalog(index_version=8, products={"cola": "cola"})
    world = World((WorldThing("tea", still(100, 100)),))
    frames = watch_late(WorldFinder(world), 0.8, 8, lambda time: CATALOG if time < 0.2 else smaller)
    assert ("confirmed", "tea") not in kinds(frames)


def test_nothing_is_requested_while_a_result_is_outstanding() -> None:
    world = World((WorldThing("tea", still(100, 100)),))
    matcher: FrameMatcher[WorldCatalog] = FrameMatcher(WorldFinder(world), SessionInfo("s", 0.0))
    frame = world.frame(0)
    matcher.track(frame, CATALOG)
    request = matcher.next_request(matcher.most_urgent(frame), frame)
    assert request is not None
    matcher.mark_started(request)
    assert matcher.next_request(matcher.most_urgent(frame), frame) is None


def test_a_result_without_a_request_is_a_fault() -> None:
    world = World(())
    matcher: FrameMatcher[WorldCatalog] = FrameMatcher(WorldFinder(world), SessionInfo("s", 0.0))
    with pytest.raises(RuntimeError, match="nothing was asked"):
        matcher.apply_result((), world.frame(0), CATALOG)
