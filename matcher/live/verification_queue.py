"""The queue between the two paths: the fast path submits requests, one thread verifies them.

Each session has at most one request waiting and one in flight. A request that has not been started
is replaced by the next frame's, so the slow path always works on the newest picture.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Thread
from time import perf_counter
from typing import Final

from matcher.results import Match

Matches = tuple[Match, ...]
Work = Callable[[], Matches]

_logger: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class QueueUpdate:
    """The progress of a session's requests since the last poll.

    Attributes:
        started: the request submitted last was started.
        result: of the request in flight; None while it is not finished.
        failed: the verification raised an error; the result is then empty.
    """

    started: bool = False
    result: Matches | None = None
    failed: bool = False


@dataclass(slots=True, eq=False)
class _Slot:
    """One session's place in the queue.

    Attributes:
        spent: seconds of work done for it, in the queue's virtual time.
        waiting: the request, replaced until it is started.
        started: and not yet polled.
        result: finished, and not yet polled.
        failed: and not yet polled.
    """

    spent: float
    waiting: Work | None = None
    started: bool = False
    result: Matches | None = None
    failed: bool = False


class VerificationQueue:
    """Runs the verifications of all sessions, one at a time, in a thread of its own.

    Start-time fair queueing (Goyal et al., 1996): the session with the fewest seconds comes first,
    and one that wanted nothing for a while has not saved up any. All methods are thread-safe.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._slots: dict[str, _Slot] = {}
        self._virtual_time = 0.0
        self._closed = False
        self._thread = Thread(target=self._run, name="slow path", daemon=True)
        self._thread.start()

    def submit(self, session_id: str, work: Work) -> None:
        """Put a request in the place of the one submitted before, unless that was started."""
        with self._changed:
            slot = self._slots.setdefault(session_id, _Slot(self._virtual_time))
            if slot.waiting is None:
                slot.spent = max(slot.spent, self._virtual_time)
            slot.waiting = work
            self._changed.notify()

    def poll(self, session_id: str) -> QueueUpdate:
        """Return what has become of it; then withdraw the request if it was not started.

        Until the next `submit` nothing new is started, so the caller knows where it stands.
        """
        with self._changed:
            slot = self._slots.get(session_id)
            if slot is None:
                return QueueUpdate()
            update = QueueUpdate(slot.started, slot.result, slot.failed)
            slot.waiting, slot.started, slot.result, slot.failed = None, False, None, False
            return update

    def forget(self, session_id: str) -> None:
        """Drop a session that is over; the result of a request in flight is discarded."""
        with self._changed:
            self._slots.pop(session_id, None)

    def close(self, timeout: float) -> bool:
        """End after the request in flight; whether the thread ended within `timeout` seconds."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (taken := self._take()) is not None:
            slot, work = taken
            started_at = perf_counter()
            result, failed = _attempt(work)
            with self._changed:
                slot.spent += perf_counter() - started_at
                slot.result, slot.failed = result, failed

    def _take(self) -> tuple[_Slot, Work] | None:
        with self._changed:
            while not self._closed:
                waiting = [slot for slot in self._slots.values() if slot.waiting is not None]
                slot = min(waiting, key=lambda slot: slot.spent, default=None)
                if slot is not None and slot.waiting is not None:
                    work, slot.waiting, slot.started = slot.waiting, None, True
                    self._virtual_time = slot.spent
                    return slot, work
                self._changed.wait()
            return None


def _attempt(work: Work) -> tuple[Matches, bool]:
    try:
        return work(), False
    except Exception:
        # Whatever broke, other sessions must be served; the fault is counted and logged.
        _logger.exception("a verification failed")
        return (), True
