from threading import Event as Flag
from threading import active_count
from time import monotonic, time

import numpy as np
import pytest
from numpy.typing import NDArray
from typing_extensions import override

from matcher.live import (
    FrameResult,
    LiveError,
    LiveSettings,
    Message,
    NoSuchSession,
    SessionChanged,
    SessionManager,
    TooManySessions,
)
from matcher.results import Detection, Identification
from stream.frame import Frame
from stream.status import SourceState
from tests.matcher.live.harness import TEA, ManagerHarness, catalog
from tests.matcher.live.sources import HandSource, wait_until
from tests.matcher.world import World, WorldCatalog, WorldFinder


def test_a_product_before_a_camera_enters_is_confirmed_and_leaves_with_the_session(
    harness: ManagerHarness,
) -> None:
    harness.open().play(1.2)
    harness.manager.stop(harness.session_id)
    assert harness.story == [("entered", None), ("confirmed", "tea"), ("left", "tea")]
    assert {event.session_id for event in harness.events} == {harness.session_id}
    assert [event.sequence for event in harness.events] == [1, 2, 3]


def test_events_say_how_old_their_frame_is(harness: ManagerHarness) -> None:
    harness.open().play(1.2)
    confirmed = next(event for event in harness.events if event.product_id == "tea")
    assert 0 < confirmed.frame_age_ms < 1000
    assert not confirmed.late


def test_of_a_frame_that_is_too_old_events_are_late_and_the_overlay_is_empty() -> None:
    harness = ManagerHarness(TEA, LiveSettings(late_seconds=0.5))
    film = harness.open()
    film.play(1.2)
    film.source.put(film.world.frame(film.index), age_s=3.0)
    wait_until(
        lambda: any(
            isinstance(message, FrameResult) and message.late for message in harness.messages
        )
    )
    results = [message for message in harness.messages if isinstance(message, FrameResult)]
    (late,) = (result for result in results if result.late)
    harness.manager.close()
    assert late.overlay == ()
    assert late.age_s > 3.0
    assert harness.events[-1].late


def test_frames_in_are_processed_or_dropped(harness: ManagerHarness) -> None:
    source = HandSource()
    session_id = harness.manager.start(source, catalog)
    for index in range(40):
        source.put(TEA.frame(index))
    wait_until(lambda: harness.manager.get(session_id).counters.processed > 0)
    source.show(SourceState.ENDED)
    wait_until(lambda: not harness.manager._sessions)
    counters = harness.manager.get(session_id).counters
    assert counters.frames_in == 40
    assert counters.frames_in == counters.processed + counters.dropped


def test_a_session_shows_the_state_of_its_source_and_the_reason(harness: ManagerHarness) -> None:
    source = HandSource()
    session_id = harness.manager.start(source, catalog)
    assert harness.manager.get(session_id).state is SourceState.CONNECTING
    source.show(SourceState.RECONNECTING, "The camera refused the password.")
    status = harness.manager.get(session_id)
    assert (status.state, status.reason) == (
        SourceState.RECONNECTING,
        "The camera refused the password.",
    )
    changes = [
        message.status.state for message in harness.messages if isinstance(message, SessionChanged)
    ]
    assert SourceState.RECONNECTING in changes


@pytest.mark.alone
@pytest.mark.parametrize("state", list(SourceState))
def test_a_session_can_be_stopped_from_every_state(
    harness: ManagerHarness, state: SourceState
) -> None:
    source = HandSource()
    session_id = harness.manager.start(source, catalog)
    source.show(state)
    started = monotonic()
    harness.manager.stop(session_id)
    assert monotonic() - started < 2.0
    assert source.stops <= 1
    with pytest.raises(NoSuchSession, match=session_id):
        harness.manager.stop(session_id)


def test_a_session_whose_source_failed_still_tells_why(harness: ManagerHarness) -> None:
    source = HandSource()
    session_id = harness.manager.start(source, catalog)
    source.show(SourceState.FAILED, "There is no such camera.")
    wait_until(lambda: harness.manager.list() != () and not harness.manager._sessions)
    assert harness.manager.get(session_id).reason == "There is no such camera."
    assert [status.session_id for status in harness.manager.list()] == [session_id]


def test_sessions_that_ended_are_remembered_up_to_a_bound() -> None:
    harness = ManagerHarness(TEA, LiveSettings(most_ended=3))
    for _ in range(6):
        source = HandSource()
        harness.manager.start(source, catalog)
        source.show(SourceState.ENDED)
    wait_until(lambda: len(harness.manager.list()) == 3)
    harness.manager.close()


def test_nobody_else_s_session_is_found(harness: ManagerHarness) -> None:
    for call in (harness.manager.get, harness.manager.latest, harness.manager.stop):
        with pytest.raises(NoSuchSession, match="nobody"):
            call("nobody")


def test_one_session_too_many_is_refused_with_a_time_to_come_back() -> None:
    harness = ManagerHarness(TEA, LiveSettings(most_sessions=2))
    harness.open(), harness.open()
    with pytest.raises(TooManySessions, match="2 live sessions") as refused:
        harness.manager.start(HandSource(), catalog)
    assert refused.value.retry_after_s > 0
    harness.manager.stop(harness.session_id)
    harness.manager.start(HandSource(), catalog)
    harness.manager.close()


def test_after_closing_nothing_starts_any_more(harness: ManagerHarness) -> None:
    harness.manager.close()
    with pytest.raises(LiveError, match="stopped"):
        harness.manager.start(HandSource(), catalog)


def test_in_a_silence_everything_leaves_and_comes_back_afterwards() -> None:
    harness = ManagerHarness(TEA, LiveSettings(silent_seconds=0.3))
    film = harness.open()
    film.play(1.2)
    wait_until(lambda: ("left", "tea") in harness.story)
    film.index += 250
    film.play(1.2)
    harness.manager.close()
    names = ["entered", "confirmed", "left"]
    assert [kind for kind, _ in harness.story] == [*names, *names]


def test_a_source_whose_clock_starts_over_goes_on(harness: ManagerHarness) -> None:
    film = harness.open()
    film.play(0.6)
    film.index = 0
    film.play(0.6)
    harness.manager.stop(harness.session_id)
    assert harness.story == [("entered", None), ("confirmed", "tea"), ("left", "tea")]
    times = [event.media_time_s for event in harness.events]
    assert times == sorted(times)


def test_every_session_gets_an_even_share_in_overload() -> None:
    harness = ManagerHarness(TEA, LiveSettings(frames_per_second=60))
    sources = [HandSource(str(number)) for number in range(4)]
    ids = [harness.manager.start(source, catalog) for source in sources]
    until, index = time() + 2.0, 0
    while time() < until:
        for number, source in enumerate(sources):
            for _ in range(1 + 3 * number):  # some send far more than others
                source.put(TEA.frame(index))
        index += 1
        Flag().wait(0.005)
    shares = [harness.manager.get(session_id).counters.processed for session_id in ids]
    harness.manager.close()
    assert min(shares) > 0.8 * np.mean(shares)
    assert max(shares) < 1.2 * np.mean(shares)
    assert 80 < sum(shares) < 140


class BrokenFinder(WorldFinder):
    @override
    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        if image.shape[0] != 360:
            raise ZeroDivisionError("no")
        return super().detect(image)


def test_a_session_that_breaks_ends_with_the_reason_and_the_others_go_on(
    harness: ManagerHarness,
) -> None:
    harness.manager.close()
    harness = ManagerHarness(TEA)
    manager: SessionManager[WorldCatalog] = SessionManager(
        BrokenFinder(TEA), LiveSettings(most_faults=3)
    )
    good, bad = HandSource("good"), HandSource("bad")
    good_id, bad_id = manager.start(good, catalog), manager.start(bad, catalog)
    small = np.zeros((10, 10, 3), np.uint8)
    for index in range(3):
        bad.put(Frame("bad", index, index / 25, 0.0, small))
        wait_until(lambda index=index: manager.get(bad_id).counters.faults > index)  # type: ignore[misc]
    wait_until(lambda: manager.get(bad_id).state is SourceState.FAILED)
    assert "ZeroDivisionError" in manager.get(bad_id).reason
    wait_until(lambda: bad.stops == 1)
    good.put(TEA.frame(0))
    wait_until(lambda: manager.get(good_id).counters.processed == 1)
    manager.close()
    harness.manager.close()


class SlowFinder(WorldFinder):
    """Verifications that last until they are let go."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.let_go = Flag()

    @override
    def survey(self, image: NDArray[np.uint8], catalog: WorldCatalog) -> Identification:
        self.let_go.wait(10)
        return super().survey(image, catalog)


def test_a_long_verification_holds_up_no_frame_but_what_waits_behind_it_is_degraded() -> None:
    slow = SlowFinder(TEA)
    harness = ManagerHarness(TEA, finder=slow)
    film = harness.open()
    film.play(1.6)
    counters = harness.manager.get(harness.session_id).counters
    assert counters.processed == 40
    assert counters.degraded > 10
    slow.let_go.set()
    film.play(1.0)
    harness.manager.close()
    assert [kind for kind, _ in harness.story] == ["entered", "confirmed", "left"]


def test_two_hundred_sessions_leave_nothing_behind(harness: ManagerHarness) -> None:
    threads = active_count()
    for number in range(200):
        film = harness.open()
        if number % 2:
            film.source.put(TEA.frame(0))
            film.source.show(SourceState.LIVE)
        harness.manager.stop(harness.session_id)
    assert active_count() == threads
    assert harness.manager.list() == ()
    assert harness.manager._queue._slots == {}


def test_a_listener_that_fails_disturbs_nobody(harness: ManagerHarness) -> None:
    def fails(_: Message) -> None:
        raise ZeroDivisionError

    end = harness.manager.listen(fails)
    harness.open().play(0.2)
    end()
    assert harness.manager.list()[0].counters.processed == 5


def test_the_latest_frame_is_kept_for_a_picture_of_it(harness: ManagerHarness) -> None:
    film = harness.open()
    assert harness.manager.latest(harness.session_id) is None
    film.play(0.2)
    latest = harness.manager.latest(harness.session_id)
    assert latest is not None
    assert latest.frame.index == 4


def test_a_frame_result_names_its_catalog(harness: ManagerHarness) -> None:
    harness.open().play(0.2)
    latest = harness.manager.latest(harness.session_id)
    assert latest is not None
    assert latest.catalog == harness.manager.get(harness.session_id).catalog == "shop"
