from dataclasses import replace

from matcher.imaging.box import Box
from matcher.results import TrackCalibration
from matcher.tracking.appearance import AppearanceSettings
from matcher.tracking.state import FrameMatcherSettings
from matcher.video.clip import ClipMatcher
from tests.matcher.world import World, WorldCatalog, WorldFinder, WorldThing

TEA = World((WorldThing("tea", lambda _: Box(100, 100, 260, 260), seed=1),))
SECONDS = 1.0


def finder(world: World = TEA) -> WorldFinder:
    return WorldFinder(world)


def test_what_a_clip_shows_is_named_and_its_votes_are_returned() -> None:
    images = [frame.image for frame in TEA.frames(SECONDS)]
    outcome = ClipMatcher(finder(), WorldCatalog()).match(images, TEA.rate)
    assert outcome.named == {"tea"}
    assert {standing.product_id for standing in outcome.standings} == {"tea"}
    assert max(standing.surest for standing in outcome.standings) > 2


def test_each_look_is_returned_once() -> None:
    images = [frame.image for frame in TEA.frames(SECONDS)]
    outcome = ClipMatcher(finder(), WorldCatalog()).match(images, TEA.rate)
    assert len(outcome.standings) < len(images)


def test_a_clip_of_nothing_known_names_nothing() -> None:
    world = replace(TEA, things=(WorldThing(None, lambda _: Box(100, 100, 260, 260), seed=1),))
    images = [frame.image for frame in world.frames(SECONDS)]
    assert ClipMatcher(finder(world), WorldCatalog()).match(images, world.rate).named == frozenset()


def test_a_clip_is_decided_by_the_settings_given() -> None:
    settings = FrameMatcherSettings(
        appearances=AppearanceSettings(calibration=TrackCalibration(offset=-20.0))
    )
    images = [frame.image for frame in TEA.frames(SECONDS)]
    outcome = ClipMatcher(finder(), WorldCatalog(), settings).match(images, TEA.rate)
    assert outcome.named == frozenset()
    assert outcome.standings
