from threading import Event as Flag
from threading import active_count
from time import monotonic

import numpy as np
import pytest

from matcher.live import (
    LiveError,
    LiveSettings,
    Message,
    NoSuchSession,
    TooManySessions,
)
from stream.status import SourceState
from tests.matcher.live.harness import TEA, ManagerHarness, catalog
from tests.matcher.live.sources import HandSource, wait_until


def test_a_product_before_a_camera_enters_is_confirmed_and_leaves_with_the_session(
    harness: ManagerHarness,
) -> None:
    harness.open().play(1.2)
    harness.manager.stop(harness.session_id)
    assert harness.story == [("entered", None), ("confirmed", "tea"), ("left", "tea")]
    assert {event.session_id for event in harness.events} == {harness.session_id}
    assert [event.sequence for event in harness.events] == [1, 2, 3]


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
    began, index = monotonic(), 0

    def processed() -> list[int]:
        return [harness.manager.get(session_id).counters.processed for session_id in ids]

    while sum(processed()) < 100:
        assert monotonic() < began + 60
        for number, source in enumerate(sources):
            for _ in range(1 + 3 * number):  # some send far more than others
                source.put(TEA.frame(index))
        index += 1
        Flag().wait(0.005)
    shares, took = processed(), monotonic() - began
    harness.manager.close()
    assert min(shares) > 0.8 * np.mean(shares)
    assert max(shares) < 1.2 * np.mean(shares)
    assert sum(shares) < 60 * took + 20


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
