from collections.abc import Callable

import numpy as np
import pytest

from matcher.tracking.events import Event, EventKind
from matcher.tracking.frame_matcher import FrameMatcher, MatchedFrame, SessionInfo, run_request
from tests.matcher.world import FakeCatalog, Thing, TrueFinder, World, standing, still

CATALOG = FakeCatalog()
MOVING = Thing("tea", lambda time: standing(60 + 90 * time, 100))


def watch_late(
    finder: TrueFinder,
    seconds: float,
    delay: int,
    catalog: Callable[[float], FakeCatalog] = lambda _: CATALOG,
) -> list[MatchedFrame]:
    """Every answer comes `delay` frames after its question."""
    engine: FrameMatcher[FakeCatalog] = FrameMatcher(finder, SessionInfo("s", 0.0))
    steps, asked, answer, due = [], None, None, -1
    for frame in finder.world.frames(seconds):
        now = catalog(frame.media_time)
        if asked is not None:
            engine.begin(asked)
            answer, due, asked = run_request(finder, asked, now), frame.index + delay - 1, None
        engine.take(frame, now)
        if answer is not None and frame.index >= due:
            engine.hear(answer, frame, now)
            answer = None
        steps.append(engine.tell(frame, now))
        if answer is None:
            asked = engine.ask(frame)
    return [*steps, engine.finish(catalog(seconds))]


def events_of(steps: list[MatchedFrame]) -> list[Event]:
    return [event for step in steps for event in step.events]


def kinds(steps: list[MatchedFrame]) -> list[tuple[str, str | None]]:
    return [(str(event.event), event.product_id) for event in events_of(steps)]


@pytest.mark.parametrize("delay", [1, 2, 8, 20])
def test_a_late_answer_is_about_where_the_product_is_by_now(delay: int) -> None:
    steps = watch_late(TrueFinder(World((MOVING,))), 4, delay)
    assert kinds(steps) == [("entered", None), ("confirmed", "tea"), ("left", "tea")]
    confirmed = events_of(steps)[1]
    truth = standing(60 + 90 * confirmed.media_time_s, 100)
    assert confirmed.box.iou(truth) > 0.8
    assert np.abs(confirmed.outline[0] - [truth.left, truth.top]).max() < 8


def test_what_only_a_late_survey_sees_moves_with_the_camera() -> None:
    def pan(time: float) -> tuple[float, float]:
        return (60 * time, 0.0)

    world = World((Thing("tea", still(300, 100)),), camera=pan)
    steps = watch_late(TrueFinder(world, sees=lambda _thing, _time: False), 3, 10)
    confirmed = next(each for each in events_of(steps) if each.event is EventKind.CONFIRMED)
    truth = standing(300 - 60 * confirmed.media_time_s, 100)
    assert confirmed.box.iou(truth) > 0.8


def test_the_evidence_is_cut_from_the_picture_that_was_looked_at() -> None:
    steps = watch_late(TrueFinder(World((MOVING,))), 3, 12)
    best = steps[-1].summaries[0].best
    assert best is not None
    truth = standing(60 + 90 * best.sighting.media_time_s, 100)
    assert best.sighting.box.iou(truth) > 0.9
    assert best.match.detection.box.iou(truth) > 0.5


def test_an_answer_about_a_scene_that_was_cut_away_is_not_believed() -> None:
    def cut(time: float) -> tuple[float, float]:
        return (0.0 if time < 0.32 else 500.0, 0.0)

    world = World((Thing("tea", still(100, 100)),), camera=cut)
    assert events_of(watch_late(TrueFinder(world), 2, 30)) == []


def test_a_product_that_left_the_catalog_during_the_look_is_not_named() -> None:
    smaller = FakeCatalog(index_version=8, products={"cola": "cola"})
    world = World((Thing("tea", still(100, 100)),))
    steps = watch_late(TrueFinder(world), 0.8, 8, lambda time: CATALOG if time < 0.2 else smaller)
    assert ("confirmed", "tea") not in kinds(steps)


def test_nothing_is_asked_while_an_answer_is_outstanding() -> None:
    world = World((Thing("tea", still(100, 100)),))
    engine: FrameMatcher[FakeCatalog] = FrameMatcher(TrueFinder(world), SessionInfo("s", 0.0))
    frame = world.frame(0)
    engine.take(frame, CATALOG)
    inquiry = engine.ask(frame)
    assert inquiry is not None
    engine.begin(inquiry)
    assert engine.ask(frame) is None


def test_an_answer_to_no_question_is_a_fault() -> None:
    world = World(())
    engine: FrameMatcher[FakeCatalog] = FrameMatcher(TrueFinder(world), SessionInfo("s", 0.0))
    with pytest.raises(RuntimeError, match="nothing was asked"):
        engine.hear((), world.frame(0), CATALOG)
