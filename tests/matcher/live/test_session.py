"""One live session: frames that are served, dropped or too late, faults, silence and the end."""

from collections.abc import Sequence
from threading import Event as Flag

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from matcher.live import (
    FrameResult,
    LiveSettings,
    Message,
    SessionChanged,
    SessionManager,
    SessionSettings,
)
from matcher.live.session import LiveSession, SessionContext
from matcher.live.verification_queue import QueueUpdate, VerificationQueue, Work
from matcher.results import Detection, Identification, KnownPrint
from stream.frame import Frame
from stream.status import SourceState
from tests.matcher.live.harness import TEA, ManagerHarness, catalog
from tests.matcher.live.sources import HandSource, wait_until
from tests.matcher.world import World, WorldCatalog, WorldFinder


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
    def survey(
        self,
        image: NDArray[np.uint8],
        catalog: WorldCatalog,
        known: Sequence[KnownPrint] = (),
    ) -> Identification:
        self.let_go.wait(10)
        return super().survey(image, catalog, known)


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


def test_a_frame_result_names_its_catalog(harness: ManagerHarness) -> None:
    harness.open().play(0.2)
    latest = harness.manager.latest(harness.session_id)
    assert latest is not None
    assert latest.catalog == harness.manager.get(harness.session_id).catalog == "shop"


class SilentQueue(VerificationQueue):
    """Reports what a test gives it, and runs nothing."""

    def __init__(self) -> None:
        self.update = QueueUpdate()
        self.forgotten: list[str] = []

    @override
    def submit(self, session_id: str, work: Work) -> None: ...

    @override
    def poll(self, session_id: str) -> QueueUpdate:
        return self.update

    @override
    def forget(self, session_id: str) -> None:
        self.forgotten.append(session_id)


class SessionHarness:
    """A session without a manager and without threads, and every message that it emitted."""

    def __init__(
        self, settings: LiveSettings | None = None, finder: WorldFinder | None = None
    ) -> None:
        self.source, self.queue = HandSource("door"), SilentQueue()
        self.messages: list[Message] = []
        self.arrivals: list[None] = []
        context: SessionContext[WorldCatalog] = SessionContext(
            finder or WorldFinder(TEA),
            self.queue,
            self.messages.append,
            lambda: self.arrivals.append(None),
            settings or LiveSettings(),
        )
        self.session = LiveSession("s", self.source, catalog, SessionSettings(), context)
        self.session.start()


def test_a_session_serves_the_newest_frame_once() -> None:
    harness = SessionHarness()
    assert not harness.session.serve()
    for index in range(3):
        harness.source.put(TEA.frame(index))
    assert len(harness.arrivals) >= 1
    assert harness.session.has_frame
    assert harness.session.serve()
    assert not harness.session.serve()
    counters = harness.session.status().counters
    assert (counters.frames_in, counters.processed, counters.dropped) == (3, 1, 2)
    assert harness.session.latest is not None
    assert harness.session.latest.frame.index == 2


def test_a_session_wants_to_end_once_its_source_is_done_and_its_last_frame_served() -> None:
    harness = SessionHarness()
    assert not harness.session.wants_end
    harness.source.put(TEA.frame(0))
    harness.source.show(SourceState.ENDED, "The file is over.")
    assert not harness.session.wants_end
    harness.session.serve()
    assert harness.session.wants_end


def test_a_session_that_is_shut_takes_no_further_frame_and_wants_to_end() -> None:
    harness = SessionHarness()
    harness.session.shut()
    harness.source.put(TEA.frame(0))
    assert not harness.session.has_frame
    assert harness.session.wants_end


def test_the_end_is_the_last_message_and_the_queue_forgets_the_session() -> None:
    harness = SessionHarness()
    harness.source.put(TEA.frame(0))
    harness.session.serve()
    harness.session.end()
    assert isinstance(harness.messages[-1], SessionChanged)
    assert harness.queue.forgotten == ["s"]
    assert harness.session.over.is_set()


def test_only_faults_in_a_row_end_a_session() -> None:
    harness = SessionHarness(LiveSettings(most_faults=2), BrokenFinder(TEA))
    small = np.zeros((10, 10, 3), np.uint8)
    bad, good = Frame("door", 0, 0.0, 0.0, small), TEA.frame(1)
    ends = []
    for frame in (bad, good, bad, bad):
        harness.source.put(frame)
        assert harness.session.serve()
        ends.append(harness.session.wants_end)
    assert ends == [False, False, False, True]
    status = harness.session.status()
    assert (status.state, status.counters.faults) == (SourceState.FAILED, 3)
    assert status.reason == "Matching broke 2 times in a row (ZeroDivisionError: no)."


def test_a_failed_verification_counts_as_a_fault_and_ends_nothing() -> None:
    harness = SessionHarness(LiveSettings(most_faults=1))
    harness.queue.update = QueueUpdate(failed=True)
    harness.source.put(TEA.frame(0))
    harness.session.serve()
    assert harness.session.status().counters.faults == 1
    assert not harness.session.wants_end
