"""The queue between the two paths: the fast path submits requests, one thread verifies them.

Each session has at most one request waiting and one in flight. A request that has not been started
is replaced by the next frame's, so the slow path always works on the newest picture. Sessions take
turns: however many there are, each gets its look, and `look_interval_s` tells how often.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Thread
from time import monotonic
from typing import Final

from catalog.errors import CatalogError
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
    """One session's place in the queue; times are monotonic seconds.

    Attributes:
        looked_at: when its last request was started; minus infinity before the first.
        wanted_at: since when it has wanted the next one; None while it wants none.
        interval_s: seconds that it waited for its last look and until that was done.
        waiting: the request, replaced until it is started.
        started: and not yet polled.
        is_busy: whether a request is in flight.
        result: finished, and not yet polled.
        failed: and not yet polled.
    """

    looked_at: float = float("-inf")
    wanted_at: float | None = None
    interval_s: float = 0.0
    waiting: Work | None = None
    started: bool = False
    is_busy: bool = False
    result: Matches | None = None
    failed: bool = False

    @property
    def is_idle(self) -> bool:
        """Whether it has had nothing to ask for since the last poll."""
        nothing_new = self.waiting is None and self.result is None
        return nothing_new and not (self.started or self.is_busy)

    def behind_s(self, now: float) -> float:
        """Seconds between its looks, the one that it waits for included."""
        return max(self.interval_s, 0.0 if self.wanted_at is None else now - self.wanted_at)


class VerificationQueue:
    """Runs the verifications of all sessions, one at a time, in a thread of its own.

    Round robin: whose last look is the longest ago comes first. All methods are thread-safe.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._slots: dict[str, _Slot] = {}
        self._closed = False
        self._thread = Thread(target=self._run, name="slow path", daemon=True)
        self._thread.start()

    @property
    def look_interval_s(self) -> float:
        """Seconds between two looks of the session that waits longest; 0 while none wants any."""
        now = monotonic()
        with self._changed:
            return max((slot.behind_s(now) for slot in self._slots.values()), default=0.0)

    def submit(self, session_id: str, work: Work) -> None:
        """Put a request in the place of the one submitted before, unless that was started."""
        with self._changed:
            slot = self._slots.setdefault(session_id, _Slot())
            slot.waiting = work
            if slot.wanted_at is None:
                slot.wanted_at = monotonic()
            self._changed.notify()

    def poll(self, session_id: str) -> QueueUpdate:
        """Return what has become of it; then withdraw the request if it was not started.

        Until the next `submit` nothing new is started, so the caller knows where it stands.
        """
        with self._changed:
            slot = self._slots.get(session_id)
            if slot is None:
                return QueueUpdate()
            if slot.is_idle:
                slot.wanted_at, slot.interval_s = None, 0.0
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
            result, failed = _attempt(work)
            with self._changed:
                slot.result, slot.failed, slot.is_busy = result, failed, False
                slot.interval_s += monotonic() - slot.looked_at

    def _take(self) -> tuple[_Slot, Work] | None:
        with self._changed:
            while not self._closed:
                waiting = [slot for slot in self._slots.values() if slot.waiting is not None]
                slot = min(waiting, key=lambda slot: slot.looked_at, default=None)
                if slot is not None and slot.waiting is not None:
                    return slot, _start(slot, slot.waiting)
                self._changed.wait()
            return None


def _start(slot: _Slot, work: Work) -> Work:
    now = monotonic()
    slot.interval_s = 0.0 if slot.wanted_at is None else now - slot.wanted_at
    slot.looked_at, slot.wanted_at = now, None
    slot.waiting, slot.started, slot.is_busy = None, True, True
    return work


def _attempt(work: Work) -> tuple[Matches, bool]:
    try:
        return work(), False
    except CatalogError as error:  # a product left the catalog, or the storage does not answer
        _logger.warning("a verification failed: %s", " ".join(str(error).split()))
        return (), True
    except Exception:
        # Whatever broke, other sessions must be served; the fault is counted and logged.
        _logger.exception("a verification failed")
        return (), True
