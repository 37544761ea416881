"""The output of a matched frame: transitions as events, and what is drawn."""

import numpy as np
import pytest

from matcher.imaging.box import Box
from matcher.results import Verdict
from matcher.tracking.appearance import Appearance, AppearanceSettings, Sighting
from matcher.tracking.appearances import AppearanceTracker, Transition
from matcher.tracking.events import EventKind
from matcher.tracking.output import event_of, overlay_of
from matcher.tracking.state import SessionInfo
from matcher.tracking.voting import VoteResult
from tests.matcher.tracking.story import CATALOG, watch
from tests.matcher.world import World, WorldFinder, WorldThing, still


def test_events_name_catalog_session_and_version() -> None:
    world = World((WorldThing("tea", still(100, 100)),))
    (entered, *_) = (event for frame in watch(WorldFinder(world), 1) for event in frame.events)
    assert entered.event is EventKind.ENTERED
    assert (entered.catalog, entered.session_id, entered.index_version) == ("shop", "s", 7)


def test_an_event_is_about_its_sighting_and_stamped_with_the_present() -> None:
    outline = np.zeros((0, 2), np.float32)
    sighting = Sighting(50, 2.0, Box(1, 2, 3, 4), outline)
    answer = VoteResult("tea", Verdict.IDENTICAL, 0.97)
    step = Transition(EventKind.CONFIRMED, "s-1", 7, answer, sighting)
    event = event_of(step, 3, SessionInfo("s", 1_700_000_000.0), CATALOG, 2.5)
    assert (event.sequence, event.event, event.appearance_id, event.track_id) == (
        3,
        EventKind.CONFIRMED,
        "s-1",
        7,
    )
    assert (event.product_id, event.verdict, event.probability) == (
        "tea",
        Verdict.IDENTICAL,
        0.97,
    )
    assert (event.frame_index, event.media_time_s, event.box) == (50, 2.0, Box(1, 2, 3, 4))
    assert event.timestamp == "2023-11-14T22:13:22.500Z"
    assert (event.frame_age_ms, event.late, event.degraded) == (0.0, False, False)


@pytest.mark.parametrize(
    ("announced", "in_view", "drawn"),
    [(True, True, 1), (True, False, 0), (False, True, 0), (False, False, 0)],
)
def test_only_what_is_announced_and_in_view_is_drawn(
    announced: bool, in_view: bool, drawn: int
) -> None:
    appearances = AppearanceTracker(AppearanceSettings(), "s")
    sighting = Sighting(0, 0.0, Box(1, 2, 3, 4), np.zeros((0, 2), np.float32))
    appearance = Appearance(4, sighting, sighting, sighting.box, [9, 2], [2, 9])
    appearance.announced, appearance.in_view = announced, in_view
    appearances.appearances.append(appearance)
    items = overlay_of(appearances)
    assert len(items) == drawn
    for item in items:
        assert (item.track_id, item.appearance_id, item.box) == (9, "s-4", Box(1, 2, 3, 4))
        assert (item.product_id, item.verdict) == (None, Verdict.UNKNOWN)
