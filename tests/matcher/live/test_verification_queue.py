from collections.abc import Iterator
from threading import Event as Flag
from time import sleep

import pytest

from matcher.imaging.box import Box
from matcher.live.verification_queue import Matches, QueueUpdate, VerificationQueue
from matcher.results import Detection
from tests.matcher.live.sources import wait_until
from tests.matcher.world import unknown

RESULT: Matches = (unknown(Detection(Box(0, 0, 9, 9), 0.5)),)


@pytest.fixture
def queue() -> Iterator[VerificationQueue]:
    queue = VerificationQueue()
    yield queue
    assert queue.close(5)


class HeldWork:
    """A verification that lasts until it is let go."""

    def __init__(self, *, held: bool = True, seconds: float = 0.0) -> None:
        self.started = Flag()
        self.released = Flag()
        self.seconds = seconds
        if not held:
            self.released.set()

    def __call__(self) -> Matches:
        self.started.set()
        assert self.released.wait(10)
        sleep(self.seconds)
        return RESULT


def submitted(queue: VerificationQueue, session_id: str, work: HeldWork) -> HeldWork:
    """Submit work and wait until it is started."""
    queue.submit(session_id, work)
    assert work.started.wait(5)
    return work


def result_of(queue: VerificationQueue, session_id: str) -> QueueUpdate:
    """Poll until the result of work that was started has come."""
    updates: list[QueueUpdate] = []

    def has_come() -> bool:
        updates.append(queue.poll(session_id))
        return updates[-1].result is not None

    wait_until(has_come)
    return updates[-1]


def is_empty(update: QueueUpdate) -> bool:
    return (update.started, update.result, update.failed) == (False, None, False)


def test_a_result_comes_once(queue: VerificationQueue) -> None:
    work = submitted(queue, "a", HeldWork())
    update = queue.poll("a")
    assert (update.started, update.result) == (True, None)
    assert is_empty(queue.poll("a"))
    work.released.set()
    assert result_of(queue, "a").result == RESULT
    assert is_empty(queue.poll("a"))


def test_a_request_that_was_not_started_is_replaced_and_withdrawn_by_a_poll(
    queue: VerificationQueue,
) -> None:
    first = submitted(queue, "a", HeldWork())
    replaced, newest, withdrawn = (HeldWork(held=False) for _ in range(3))
    queue.submit("b", replaced)
    queue.submit("b", newest)
    queue.submit("c", withdrawn)
    assert is_empty(queue.poll("c"))
    first.released.set()
    assert newest.started.wait(5)
    assert result_of(queue, "b").result == RESULT
    assert not replaced.started.is_set()
    assert not withdrawn.started.is_set()


def test_a_verification_that_fails_says_so_and_others_go_on(queue: VerificationQueue) -> None:
    ran = Flag()

    def fails() -> Matches:
        ran.set()
        raise ZeroDivisionError

    queue.submit("a", fails)
    assert ran.wait(5)
    update = result_of(queue, "a")
    assert (update.result, update.failed) == ((), True)
    submitted(queue, "b", HeldWork(held=False))
    assert result_of(queue, "b").result == RESULT


def test_the_session_that_was_looked_at_longest_ago_comes_first(queue: VerificationQueue) -> None:
    submitted(queue, "busy", HeldWork(held=False, seconds=0.2))
    result_of(queue, "busy")
    held = submitted(queue, "third", HeldWork())
    busy, idle = HeldWork(), HeldWork()
    queue.submit("busy", busy)
    queue.submit("idle", idle)
    held.released.set()
    assert idle.started.wait(5)
    assert not busy.started.is_set()
    idle.released.set()
    assert busy.started.wait(5)
    busy.released.set()


def test_a_session_that_is_forgotten_hears_nothing(queue: VerificationQueue) -> None:
    work = submitted(queue, "a", HeldWork())
    queue.forget("a")
    work.released.set()
    submitted(queue, "b", HeldWork(held=False))
    assert result_of(queue, "b").result == RESULT
    assert is_empty(queue.poll("a"))
