import json

import numpy as np

from matcher.results import KnownPrint, PrintEvidence, Verdict
from matcher.tracking.codec import from_record, to_record
from matcher.tracking.scheduler import SchedulerSettings
from matcher.tracking.state import FrameMatcherSettings, FrameMatcherState
from tests.matcher.tracking.story import CATALOG, matcher_of, story, watch
from tests.matcher.world import World, WorldCatalog, WorldFinder, WorldThing, standing, still


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


def test_a_summary_keeps_the_best_view_as_a_small_picture() -> None:
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


def test_a_first_verification_comes_soon_and_further_ones_become_rare() -> None:
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


def test_words_are_read_once_per_track_and_kept_with_it() -> None:
    world = World((WorldThing("tea", still(100, 100)), WorldThing("cola", still(220, 30))))
    finder = WorldFinder(world, prints=0.4)
    matcher = matcher_of(finder)
    for frame in world.frames(3):
        matcher.match_frame(frame, CATALOG)
    later = finder.known[2:]
    assert later
    assert all(known.printed for places in later for known in places)
    by_name = {known.name: known for known in finder.known[-1]}
    assert set(by_name) == {"tea", "cola"}
    assert by_name["tea"].printed == (PrintEvidence("tea", 0.4),)
    assert by_name["tea"].box.iou(standing(100, 100)) > 0.8
    restored = from_record(FrameMatcherState, json.loads(json.dumps(to_record(matcher.state))))
    kept = {item for appearance in restored.appearances.appearances for item in appearance.printed}
    assert kept == {PrintEvidence("tea", 0.4), PrintEvidence("cola", 0.4)}


def test_what_is_named_without_words_needs_none_later() -> None:
    finder = WorldFinder(World((WorldThing("tea", still(100, 100)),)))
    matcher = matcher_of(finder)
    for frame in finder.world.frames(2):
        matcher.match_frame(frame, CATALOG)
    assert finder.known[0] == ()
    (last,) = finder.known[-1]
    assert last == KnownPrint(last.box, (), "tea")


def test_words_of_a_product_that_left_the_catalog_are_forgotten() -> None:
    finder = WorldFinder(World((WorldThing("tea", still(100, 100)),)), prints=0.4)
    matcher = matcher_of(finder)
    smaller = WorldCatalog(index_version=8, products={"cola": "cola"})
    for frame in finder.world.frames(2):
        matcher.match_frame(frame, CATALOG if frame.media_time < 1 else smaller)
        if frame.media_time == 1:
            assert not any(
                appearance.printed for appearance in matcher.state.appearances.appearances
            )
