"""Keeps a source alive: when it breaks, waits a little and makes a new one."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Condition, Thread, current_thread
from time import monotonic
from typing import Final

from stream.errors import SourceError
from stream.frame import Frame
from stream.mailbox import Inbox, PendingFrame
from stream.sources import STOP_BOUND_S, LiveSource, StatusListener
from stream.status import SourceState, SourceStatus, StatusBoard, as_sentence

STEADY_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class ReconnectSettings:
    """How a lost source is tried again.

    Attributes:
        first_pause: seconds before the first new attempt; each pause is twice the one before.
        max_pause: no pause is longer, jitter included.
        jitter: share by which a pause varies, so that a hundred cameras behind a switch that
            restarted do not come at the same moment.
        give_up_after: seconds without a picture until the source fails for good; None: never.
    """

    first_pause: float = 0.25
    max_pause: float = 2.0
    jitter: float = 0.25
    give_up_after: float | None = None

    def pause(self, failures: int, chance: float) -> float:
        """Seconds to wait after so many failures in a row (1 or more).

        Args:
            failures: how many.
            chance: evenly from [0, 1).
        """
        longest = min(self.first_pause * 2.0 ** min(failures - 1, 16), self.max_pause)
        return longest * (1 - self.jitter * chance)


class ReconnectingSource:
    """A source that comes back; implements `stream.sources.LiveSource`.

    Frames go on being numbered and timed over a gap. A source that ends by itself (a recording)
    ends; one that fails is made anew.
    """

    def __init__(
        self, factory: Callable[[], LiveSource], settings: ReconnectSettings | None = None
    ) -> None:
        """Make the first source at once, so that a bad address is refused here.

        Args:
            factory: makes a new source; what it raises later ends this one as failed.
            settings: see there.

        Raises:
            stream.errors.SourceError: the factory refuses.
        """
        self._factory = factory
        self._settings = settings or ReconnectSettings()
        self._source = factory()
        self._board = StatusBoard()
        self._changed = Condition()
        self._is_stopping = False
        self._failure: str | None = None
        self._failures = 0
        self._corrupt = 0
        self._live_at: float | None = None
        self._thread: Thread | None = None

    @property
    def source_id(self) -> str:
        """The source's name."""
        return self._source.source_id

    @property
    def status(self) -> SourceStatus:
        """How the source is, over all attempts."""
        status = self._board.status
        return replace(status, corrupt=self._corrupt + self._source.status.corrupt)

    def start(self, mailbox: Inbox, on_status: StatusListener) -> None:
        """Begin to connect; returns at once."""
        self._board.listen(on_status)
        arguments = (_Continuation(mailbox),)
        thread = Thread(
            target=self._run, args=arguments, name=f"keep {self.source_id}", daemon=True
        )
        with self._changed:
            if not self._is_stopping:
                thread.start()
                self._thread = thread

    def stop(self, timeout: float = STOP_BOUND_S) -> None:
        """End for good; blocks for at most `timeout` seconds."""
        deadline = monotonic() + timeout
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
            thread = self._thread
        self._board.show(SourceState.ENDED, "Stopped.")
        self._source.stop(timeout)
        if thread is not None and thread is not current_thread():
            thread.join(max(deadline - monotonic(), 0.0))

    def _run(self, inbox: "_Continuation") -> None:
        lost_at = monotonic()
        while True:
            self._failure = None
            self._source.start(inbox, self._hear)
            self._wait(None)
            if self._board.status.state.is_final:
                break
            self._source.stop()
            lost_at = self._settle(lost_at)
            if not self._wait_and_renew(lost_at):
                break
            inbox.begin_again()
        self._source.stop()

    def _settle(self, lost_at: float) -> float:
        """After an attempt: count it, and say since when there is no picture."""
        now, live_at = monotonic(), self._live_at
        self._live_at = None
        self._failures += 1
        if live_at is None:
            return lost_at
        if now - live_at >= STEADY_S:
            self._failures = 1
        return now

    def _wait_and_renew(self, lost_at: float) -> bool:
        """Pause, then make a new source; False if there will be none."""
        patience = self._settings.give_up_after
        if patience is not None and monotonic() - lost_at >= patience:
            self._board.show(SourceState.FAILED, self._failure or "Lost.")
            return False
        self._wait(self._settings.pause(self._failures, random.random()))
        try:
            source = self._factory()
        except SourceError as error:
            self._board.show(SourceState.FAILED, as_sentence(str(error)))
            return False
        with self._changed:
            if self._is_stopping:
                return False
            self._corrupt += self._source.status.corrupt
            self._source = source
        return True

    def _wait(self, seconds: float | None) -> None:
        """Wait to be stopped; without a bound, also for the source to break."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._is_stopping or (seconds is None and self._failure is not None),
                seconds,
            )

    def _hear(self, status: SourceStatus) -> None:
        """What the source says, as it looks from outside."""
        state = status.state
        if state is SourceState.FAILED:
            self._board.show(SourceState.RECONNECTING, f"{status.reason} Trying again.")
        elif state is SourceState.LIVE:
            self._note_live()
            self._board.show(state, status.reason)
        elif state is not SourceState.CONNECTING or self._failures == 0:
            self._board.show(state, status.reason)
        if state.is_final:
            with self._changed:
                self._failure = status.reason
                self._changed.notify_all()

    def _note_live(self) -> None:
        if self._live_at is None:
            self._live_at = monotonic()
            if self._failures:
                self._board.count(reconnects=self._board.status.reconnects + 1)


class _Continuation:
    """Passes frames on with numbers and times that go on after a gap."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._index = 0
        self._attempt = 0
        self._begin: float | None = None
        self._shift = (-1, 0.0)  # of which attempt, and seconds
        self._last = 0.0

    def begin_again(self) -> None:
        """What comes from now on is of another connection."""
        self._attempt += 1

    def put(self, frame: Frame | PendingFrame) -> None:
        index, attempt = self._index, self._attempt
        self._index += 1
        self._inbox.put(lambda: self._renumbered(frame, index, attempt))

    def _renumbered(self, frame: Frame | PendingFrame, index: int, attempt: int) -> Frame | None:
        made = frame if isinstance(frame, Frame) else frame()
        if made is None:
            return None
        if self._begin is None:
            self._begin = made.captured_at - made.media_time
        if self._shift[0] != attempt:
            self._shift = attempt, made.captured_at - self._begin - made.media_time
        self._last = max(self._last, made.media_time + self._shift[1])
        return replace(made, index=index, media_time=self._last)
