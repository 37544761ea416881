import json

import numpy as np

from matcher.imaging.box import Box
from matcher.results import Detection, Verdict
from matcher.tracking.codec import from_record, to_record
from matcher.tracking.events import EventKind
from matcher.tracking.frame_matcher import FrameMatcher
from matcher.tracking.output import MatchedFrame
from matcher.tracking.scheduler import SchedulerSettings
from matcher.tracking.state import FrameMatcherSettings, FrameMatcherState, SessionInfo
from tests.matcher.world import World, WorldCatalog, WorldFinder, WorldThing, standing, still

CATALOG = WorldCatalog()


def matcher_of(
    finder: WorldFinder, settings: FrameMatcherSettings | None = None
) -> FrameMatcher[WorldCatalog]:
    return FrameMatcher(finder, SessionInfo("s", 1_700_000_000.0), settings)


def watch(finder: WorldFinder, seconds: float) -> list[MatchedFrame]:
    matcher = matcher_of(finder)
    frames = [matcher.match_frame(frame, CATALOG) for frame in finder.world.frames(seconds)]
    return [*frames, matcher.finish(CATALOG)]


def story(frames: list[MatchedFrame]) -> list[tuple[str, str, str | None]]:
    return [
        (event.appearance_id, str(event.event), event.product_id)
        for frame in frames
        for event in frame.events
    ]


def test_a_product_enters_is_confirmed_and_leaves() -> None:
    world = World((WorldThing("tea", lambda time: standing(100, 100) if 1 <= time < 3 else None),))
    frames = watch(WorldFinder(world), 9)
    events = [event for frame in frames for event in frame.events]
    assert story(frames) == [
        ("s-1", "entered", None),
        ("s-1", "confirmed", "tea"),
        ("s-1", "left", "tea"),
    ]
    assert [event.sequence for event in events] == [1, 2, 3]
    assert abs(events[0].media_time_s - 1.0) < 0.2
    assert abs(events[2].media_time_s - 3.0) < 0.2
    assert events[1].verdict is Verdict.IDENTICAL
    assert events[1].probability >= 0.9
    assert events[0].timestamp.startswith("2023-11-14T22:13:21")


def test_a_summary_keeps_the_best_look_as_a_small_picture() -> None:
    world = World((WorldThing("tea", still(100, 100)),))
    (summary,) = watch(WorldFinder(world), 2)[-1].summaries
    assert summary.answer.product_id == "tea"
    assert summary.best is not None
    assert summary.best.jpeg.startswith(b"\xff\xd8")
    assert summary.best.match.verification is not None
    assert summary.best.crop_box.iou(standing(100, 100)) > 0.6


def test_a_thing_outside_the_catalog_enters_unknown_and_stays_unknown() -> None:
    world = World((WorldThing(None, still(100, 100)),))
    frames = watch(WorldFinder(world), 4)
    assert story(frames) == [("s-1", "entered", None), ("s-1", "left", None)]
    assert frames[-1].summaries[0].answer.verdict is Verdict.UNKNOWN


def test_copies_side_by_side_are_appearances_of_their_own() -> None:
    world = World(tuple(WorldThing("tea", still(60 + 90 * n, 100)) for n in range(5)))
    confirmed = [step for step in story(watch(WorldFinder(world), 3)) if step[1] == "confirmed"]
    assert len({appearance for appearance, _, _ in confirmed}) == 5


def test_a_product_that_comes_back_in_its_place_is_the_same_appearance() -> None:
    world = World(
        (WorldThing("tea", lambda time: standing(100, 100) if not 2 < time < 4 else None),)
    )
    frames = watch(WorldFinder(world), 6)
    assert [kind for _, kind, _ in story(frames)] == ["entered", "confirmed", "left"]
    assert len(frames[-1].summaries[0].track_ids) == 2


def test_it_is_found_again_after_the_camera_looked_away() -> None:
    def pan(time: float) -> tuple[float, float]:
        return (max(0.0, min(time - 1.0, 1.0, 3.5 - time)) * 400, 0.0)

    world = World((WorldThing("tea", still(100, 100)),), camera=pan)
    frames = watch(WorldFinder(world), 5)
    assert [kind for _, kind, _ in story(frames)] == ["entered", "confirmed", "left"]


def test_another_product_in_the_same_track_revises_the_answer() -> None:
    world = World((WorldThing("tea", still(100, 100)),))
    finder = WorldFinder(world, names=lambda _, time: "tea" if time < 2 else "cola")
    assert story(watch(finder, 20))[:3] == [
        ("s-1", "entered", None),
        ("s-1", "confirmed", "tea"),
        ("s-1", "revised", "cola"),
    ]


def test_one_blurred_look_does_not_take_a_name_away() -> None:
    world = World((WorldThing("tea", still(100, 100)),))
    finder = WorldFinder(world, names=lambda _, time: None if 2 < time < 3 else "tea")
    assert [kind for _, kind, _ in story(watch(finder, 6))] == ["entered", "confirmed", "left"]


def test_a_product_that_left_the_catalog_is_revised() -> None:
    world = World((WorldThing("tea", still(100, 100)),))
    finder = WorldFinder(world, names=lambda _, time: "tea" if time < 2 else None)
    matcher = matcher_of(finder)
    smaller = WorldCatalog(index_version=8, products={"cola": "cola"})
    frames = [
        matcher.match_frame(frame, CATALOG if frame.media_time < 2 else smaller)
        for frame in world.frames(2.2)
    ]
    assert story(frames)[-1] == ("s-1", "revised", None)
    assert frames[50].events[0].index_version == 8


def test_what_the_detector_misses_is_found_in_the_whole_picture_and_carried_between() -> None:
    world = World((WorldThing("tea", lambda time: standing(100 + 60 * time, 100)),))
    finder = WorldFinder(world, sees=lambda _thing, _time: False)
    frames = watch(finder, 4)
    assert [kind for _, kind, _ in story(frames)] == ["entered", "confirmed", "left"]
    for frame in frames[5:-1]:
        (item,) = frame.overlay
        truth = standing(100 + 60 * frame.media_time_s, 100)
        assert item.box.iou(truth) > 0.7
        assert np.abs(item.outline[0] - [truth.left, truth.top]).max() < 6


def test_work_is_budgeted_per_second_of_media_time() -> None:
    things = tuple(WorldThing("tea", still(20 + 100 * n, 50)) for n in range(6))
    for rate in (10.0, 50.0):
        finder = WorldFinder(World(things, rate=rate), names=lambda _thing, _time: None)
        settings = FrameMatcherSettings(
            scheduler=SchedulerSettings(units_per_second=4, whole_seconds=1)
        )
        matcher = matcher_of(finder, settings)
        for frame in finder.world.frames(5):
            matcher.match_frame(frame, CATALOG)
        assert set(finder.looked) == {1}
        assert len(finder.looked) <= 4 * 5.5
        assert finder.whole <= 6


def test_a_first_look_comes_soon_and_further_ones_become_rare() -> None:
    world = World((WorldThing("tea", still(100, 100)),))
    finder = WorldFinder(world, surveys=False)
    matcher = matcher_of(finder)
    at = []
    for frame in world.frames(20):
        before = sum(finder.looked)
        matcher.match_frame(frame, CATALOG)
        at += [frame.media_time] * (sum(finder.looked) - before)
    assert at[0] < 0.5
    assert len(at) < 12


def test_the_same_frames_give_the_same_events() -> None:
    world = World(
        (
            WorldThing("tea", lambda time: standing(50 * time, 80)),
            WorldThing(None, still(400, 9)),
        )
    )
    first, second = watch(WorldFinder(world), 3), watch(WorldFinder(world), 3)
    assert [to_record(frame) for frame in first] == [to_record(frame) for frame in second]


def test_a_saved_state_goes_on_exactly_where_it_was() -> None:
    world = World(
        (
            WorldThing("tea", lambda time: standing(50 * time, 80)),
            WorldThing(None, still(400, 9)),
        )
    )
    straight = [to_record(frame) for frame in watch(WorldFinder(world), 4)]
    matcher = matcher_of(WorldFinder(world))
    broken = []
    for frame in world.frames(4):
        broken.append(to_record(matcher.match_frame(frame, CATALOG)))
        saved = json.dumps(to_record(matcher.state))
        if frame.index % 10 == 9:
            matcher = matcher_of(WorldFinder(world))
            matcher.state = from_record(FrameMatcherState, json.loads(saved))
    broken.append(to_record(matcher.finish(CATALOG)))
    assert broken == straight


def test_an_empty_scene_says_nothing() -> None:
    frames = watch(WorldFinder(World(())), 1)
    assert story(frames) == []
    assert all(frame.overlay == () for frame in frames)


def test_events_name_catalog_session_and_version() -> None:
    world = World((WorldThing("tea", still(100, 100)),))
    (entered, *_) = (event for frame in watch(WorldFinder(world), 1) for event in frame.events)
    assert entered.event is EventKind.ENTERED
    assert (entered.catalog, entered.session_id, entered.index_version) == ("shop", "s", 7)


def test_a_part_of_a_named_product_and_a_box_around_several_are_nothing_of_their_own() -> None:
    world = World((WorldThing("tea", still(100, 100)), WorldThing("cola", still(185, 100))))
    around, part = Box(100, 100, 265, 200), Box(110, 150, 160, 200)
    junk = tuple((0.0, Detection(box, 0.9)) for box in (around, part))
    frames = watch(WorldFinder(world, junk=junk), 3)
    assert len([step for step in story(frames) if step[1] == "entered"]) == 2


def test_two_boxes_of_one_product_are_one_appearance() -> None:
    world = World((WorldThing("tea", still(100, 100)),))
    larger = Detection(Box(100, 100, 180, 260), 0.9)
    frames = watch(WorldFinder(world, junk=((0.5, larger),)), 3)
    assert [kind for _, kind, _ in story(frames)] == ["entered", "confirmed", "left"]


def test_an_unknown_thing_leaves_when_it_turns_out_to_be_part_of_a_product() -> None:
    world = World((WorldThing("tea", still(100, 100)),))
    part = Detection(Box(110, 150, 160, 200), 0.9)
    finder = WorldFinder(world, sees=lambda _, time: time > 2, surveys=False, junk=((0.0, part),))
    assert story(watch(finder, 4)) == [
        ("s-1", "entered", None),
        ("s-2", "entered", None),
        ("s-2", "confirmed", "tea"),
        ("s-1", "left", None),
        ("s-2", "left", "tea"),
    ]
