from dataclasses import replace

from matcher.live.live_matcher import ASSUMED_STEP_S, LiveMatcher, stamp_event
from matcher.live.settings import SessionSettings
from matcher.live.verification_queue import QueueUpdate
from matcher.tracking.output import MatchedFrame
from tests.matcher.world import World, WorldCatalog, WorldFinder, WorldThing, still

CATALOG = WorldCatalog()
TEA = World((WorldThing("tea", still(100, 100)),))
WAITING, STARTED = QueueUpdate(), QueueUpdate(started=True)


def matcher_of(finder: WorldFinder | None = None) -> LiveMatcher[WorldCatalog]:
    return LiveMatcher("s", finder or WorldFinder(TEA), SessionSettings())


def test_nothing_leaves_before_the_first_frame() -> None:
    matcher = matcher_of()
    assert matcher.next_work() is None
    assert matcher.leave(CATALOG) is None


def test_a_request_that_was_started_gets_its_result_and_names_the_product() -> None:
    matcher = matcher_of()
    frames: list[MatchedFrame] = [matcher.advance(TEA.frame(0), CATALOG, WAITING)]
    work = matcher.next_work()
    assert work is not None
    update = QueueUpdate(started=True, result=work())
    frames.append(matcher.advance(TEA.frame(1), CATALOG, update))
    events = [(str(event.event), event.product_id) for frame in frames for event in frame.events]
    assert events == [("entered", None), ("confirmed", "tea")]


def test_while_a_verification_runs_nothing_further_is_offered() -> None:
    matcher = matcher_of()
    matcher.advance(TEA.frame(0), CATALOG, WAITING)
    matcher.advance(TEA.frame(1), CATALOG, STARTED)
    assert matcher.next_work() is None


def test_a_verification_that_waits_too_long_degrades_the_session() -> None:
    matcher = matcher_of()
    degraded = []
    for index in range(30):
        matcher.advance(TEA.frame(index), CATALOG, STARTED if index == 1 else WAITING)
        degraded.append(matcher.degraded)
    assert not any(degraded[:10])
    assert degraded[-1]


def test_media_time_goes_on_when_a_source_starts_over() -> None:
    matcher = matcher_of()
    times = [
        matcher.advance(TEA.frame(index), CATALOG, WAITING).media_time_s for index in (0, 50, 0, 1)
    ]
    assert times == [0.0, 2.0, 2.0 + ASSUMED_STEP_S, 2.0 + 2 * ASSUMED_STEP_S]


def test_only_the_moment_of_emission_makes_an_event_old() -> None:
    matcher = matcher_of()
    matcher.advance(TEA.frame(0), CATALOG, WAITING)
    work = matcher.next_work()
    assert work is not None
    matched = matcher.advance(TEA.frame(1), CATALOG, QueueUpdate(started=True, result=work()))
    frame = replace(TEA.frame(1), captured_at=100.0)
    event = stamp_event(matched.events[0], frame, 101.5, 1.0, degraded=True)
    assert (event.frame_age_ms, event.late, event.degraded) == (1500.0, True, True)
    assert not stamp_event(event, frame, 99.0, 1.0, degraded=False).late
