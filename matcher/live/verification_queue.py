"""The second lane: one thread that looks closely, for whichever session had least of it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Thread
from time import perf_counter
from typing import Final, Protocol

from matcher.results import Match

Matches = tuple[Match, ...]


@dataclass(frozen=True, slots=True, eq=False)
class QueueUpdate:
    """What became of the offer that a session made last.

    Attributes:
        begun: it was taken up since the last time news were asked for.
        answer: what came of the look that was under way; None while there is none.
        failed: the look broke; the answer is then empty.
    """

    begun: bool = False
    answer: Matches | None = None
    failed: bool = False


class VerificationQueue(Protocol):
    """What makes the looks of all sessions."""

    def offer(self, key: str, look: Callable[[], Matches]) -> None:
        """Put a look in the place of the one offered before."""
        ...

    def news(self, key: str) -> QueueUpdate:
        """What became of it; an offer that was not taken up is withdrawn."""
        ...

    def forget(self, key: str) -> None:
        """A session is over."""
        ...

    def close(self, timeout: float) -> bool:
        """End."""
        ...


class InlineQueue:
    """Makes a look when it is offered, in the first lane's thread; implements `VerificationQueue`.

    Every frame waits as long as a look takes: here to be measured against.
    """

    def __init__(self) -> None:
        self._answers: dict[str, Matches] = {}

    def offer(self, key: str, look: Callable[[], Matches]) -> None:
        """Make the look now."""
        self._answers[key] = look()

    def news(self, key: str) -> QueueUpdate:
        """Its answer."""
        answer = self._answers.pop(key, None)
        return QueueUpdate(begun=answer is not None, answer=answer)

    def forget(self, key: str) -> None:
        """Its answer is not wanted any more."""
        self._answers.pop(key, None)

    def close(self, timeout: float) -> bool:  # noqa: ARG002 -- nothing to wait for
        """Nothing is under way."""
        return True


_logger: Final = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Slot:
    """One session's place in the lane.

    Attributes:
        offer: the look to be made, replaced until it is taken up.
        begun: taken up, and not yet told.
        answer: finished, and not yet told.
        failed: likewise.
        spent: seconds that the lane gave to it, in the lane's virtual time.
    """

    spent: float
    offer: Callable[[], Matches] | None = None
    begun: bool = False
    answer: Matches | None = None
    failed: bool = False


class FairVerificationQueue:
    """Makes the looks that sessions offer, one at a time; implements `VerificationQueue`.

    All methods are thread-safe.

    Start-time fair queueing: whoever had fewest seconds comes first, and a session that wanted
    nothing for a while has not saved up any.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._slots: dict[str, _Slot] = {}
        self._now = 0.0
        self._closed = False
        self._thread = Thread(target=self._run, name="second lane", daemon=True)
        self._thread.start()

    def offer(self, key: str, look: Callable[[], Matches]) -> None:
        """Put a look in the place of the one offered before, if that was not taken up yet."""
        with self._changed:
            slot = self._slots.setdefault(key, _Slot(self._now))
            if slot.offer is None:
                slot.spent = max(slot.spent, self._now)
            slot.offer = look
            self._changed.notify()

    def news(self, key: str) -> QueueUpdate:
        """What became of it; then the offer, if nobody has taken it up, is withdrawn.

        Until the next offer nothing new is begun, so the caller knows where it stands.
        """
        with self._changed:
            slot = self._slots.get(key)
            if slot is None:
                return QueueUpdate()
            news = QueueUpdate(slot.begun, slot.answer, slot.failed)
            slot.offer, slot.begun, slot.answer, slot.failed = None, False, None, False
            return news

    def forget(self, key: str) -> None:
        """A session is over; a look under way ends unheard."""
        with self._changed:
            self._slots.pop(key, None)

    def close(self, timeout: float) -> bool:
        """End the thread after the look under way; whether it ended within `timeout` seconds."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (taken := self._take()) is not None:
            slot, look = taken
            started = perf_counter()
            answer, failed = _made(look)
            with self._changed:
                slot.spent += perf_counter() - started
                slot.answer, slot.failed = answer, failed

    def _take(self) -> tuple[_Slot, Callable[[], Matches]] | None:
        with self._changed:
            while not self._closed:
                waiting = [slot for slot in self._slots.values() if slot.offer is not None]
                slot = min(waiting, key=lambda each: each.spent, default=None)
                if slot is not None and slot.offer is not None:
                    look, slot.offer, slot.begun = slot.offer, None, True
                    self._now = slot.spent
                    return slot, look
                self._changed.wait()
            return None


def _made(look: Callable[[], Matches]) -> tuple[Matches, bool]:
    try:
        return look(), False
    except Exception:
        # Whatever broke, other sessions must be served; the fault is counted and logged.
        _logger.exception("a closer look failed")
        return (), True
