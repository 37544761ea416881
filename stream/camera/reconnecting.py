"""Keeps a live source alive: when it fails, pauses and makes a new one."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Condition, Thread, current_thread
from time import monotonic
from typing import Final

from stream.errors import SourceError, stranger
from stream.frame import Frame
from stream.mailbox import Inbox, PendingFrame
from stream.sources import STOP_BOUND_S, LiveSource, StatusListener
from stream.status import SourceState, SourceStatus, StatusReporter, to_sentence

STEADY_S: Final = 10.0  # after an attempt that was live for longer, pauses start short again


@dataclass(frozen=True, slots=True)
class ReconnectSettings:
    """How a lost source is tried again.

    Attributes:
        first_pause: seconds before the first new attempt; each pause is twice the one before.
        max_pause: seconds; no pause is longer, jitter included.
        jitter: share by which a pause is shortened at random, so that a hundred cameras behind a
            restarted switch are not opened at the same moment.
        give_up_after: seconds without a picture until the source fails for good; None: never.
    """

    first_pause: float = 0.25
    max_pause: float = 2.0
    jitter: float = 0.25
    give_up_after: float | None = None

    def pause(self, failures: int, uniform: float) -> float:
        """Return the seconds to wait after a number of failures in a row.

        Args:
            failures: 1 or more.
            uniform: a random number in [0, 1).
        """
        longest = min(self.first_pause * 2.0 ** min(failures - 1, 16), self.max_pause)
        return longest * (1 - self.jitter * uniform)


class ReconnectingSource:
    """Keeps a source alive; implements `stream.sources.LiveSource`.

    Frame numbers and times continue over a gap. A source that ends by itself (a recording) ends;
    one that fails is replaced by a new one after a pause.
    """

    def __init__(
        self,
        factory: Callable[[], LiveSource],
        settings: ReconnectSettings | None = None,
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Make the first source at once, so that a bad address is refused here.

        Args:
            factory: makes a new source; if it raises a SourceError later, this source has failed.
            settings: how often a lost source is tried again.
            clock: seconds that no setting of the clock changes, by which times continue.

        Raises:
            stream.errors.SourceError: the factory refuses.
        """
        self._factory = factory
        self._settings = settings or ReconnectSettings()
        self._clock = clock
        self._source = factory()
        self._reporter = StatusReporter()
        self._changed = Condition()
        self._is_stopping = False
        self._failures = 0  # in a row
        self._failure: str | None = None  # of the current attempt, once it is over
        self._live_at: float | None = None  # monotonic seconds, once the current attempt is live
        self._corrupt = 0  # of all earlier attempts
        self._thread: Thread | None = None

    @property
    def source_id(self) -> str:
        """The source's name."""
        return self._source.source_id

    @property
    def status(self) -> SourceStatus:
        """The newest status; its counters are sums over all attempts."""
        status = self._reporter.status
        return replace(status, corrupt=self._corrupt + self._source.status.corrupt)

    def start(self, mailbox: Inbox, on_status: StatusListener) -> None:
        """Begin to connect; returns at once."""
        self._reporter.listen(on_status)
        arguments = (_ContinuousInbox(mailbox, self._clock),)
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
        self._reporter.report(SourceState.ENDED, "Stopped.")
        self._source.stop(timeout)
        if thread is not None and thread is not current_thread():
            thread.join(max(deadline - monotonic(), 0.0))

    def _run(self, inbox: "_ContinuousInbox") -> None:
        """Run attempts until one ends by itself, patience ends, or the source is stopped."""
        give_up_after = self._settings.give_up_after
        lost_at = monotonic()
        while True:
            self._run_attempt(inbox)
            if self._reporter.status.state.is_final:
                break
            self._source.stop()
            if self._live_at is not None:
                lost_at = monotonic()
                if lost_at - self._live_at >= STEADY_S:
                    self._failures = 0
            self._failures += 1
            if give_up_after is not None and monotonic() - lost_at >= give_up_after:
                self._reporter.report(SourceState.FAILED, self._failure or "Lost.")
                break
            self._pause(self._settings.pause(self._failures, random.random()))
            if not self._replace_source():
                break
            inbox.begin_attempt()
        self._source.stop()

    def _run_attempt(self, inbox: "_ContinuousInbox") -> None:
        """Run the current source until it fails or ends, or until `stop`."""
        self._failure = self._live_at = None
        self._source.start(inbox, self._on_status)
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopping or self._failure is not None)

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopping, seconds)

    def _replace_source(self) -> bool:
        """Make a new source; False if it is refused or not wanted any more."""
        try:
            source = self._factory()
        except SourceError as error:
            self._reporter.report(SourceState.FAILED, to_sentence(str(error)))
            return False
        except Exception as error:  # noqa: BLE001  (its text may hold the password)
            self._reporter.report(SourceState.FAILED, to_sentence(stranger(error)))
            return False
        with self._changed:
            if self._is_stopping:
                return False
            self._corrupt += self._source.status.corrupt
            self._source = source
        return True

    def _on_status(self, status: SourceStatus) -> None:
        """Report an attempt's status as that of the whole source; runs in the attempt's thread."""
        state = status.state
        if state is SourceState.FAILED:
            self._reporter.report(SourceState.RECONNECTING, f"{status.reason} Trying again.")
        elif state is SourceState.LIVE:
            self._note_live()
            self._reporter.report(state, status.reason)
        elif state is not SourceState.CONNECTING or self._failures == 0:
            self._reporter.report(state, status.reason)
        if state.is_final:
            with self._changed:
                self._failure = status.reason
                self._changed.notify_all()

    def _note_live(self) -> None:
        if self._live_at is None:
            self._live_at = monotonic()
            if self._failures:
                self._reporter.count(reconnects=self._reporter.status.reconnects + 1)


class _ContinuousInbox:
    """Passes frames on with numbers and times that continue over all attempts."""

    def __init__(self, inbox: Inbox, clock: Callable[[], float]) -> None:
        self._inbox = inbox
        self._clock = clock
        self._index = 0
        self._attempt = 0
        self._origin: float | None = None  # arrival of media time 0, by the clock
        self._shift = (-1, 0.0)  # of which attempt, and seconds
        self._last = 0.0

    def begin_attempt(self) -> None:
        """Expect the frames of another connection from now on."""
        self._attempt += 1

    def put(self, frame: Frame | PendingFrame) -> None:
        index, attempt, arrival = self._index, self._attempt, self._clock()
        self._index += 1
        self._inbox.put(lambda: self._renumbered(frame, index, attempt, arrival))

    def _renumbered(
        self, pending: Frame | PendingFrame, index: int, attempt: int, arrival: float
    ) -> Frame | None:
        frame = pending if isinstance(pending, Frame) else pending()
        if frame is None:
            return None
        if self._origin is None:
            self._origin = arrival - frame.media_time
        if self._shift[0] != attempt:
            self._shift = attempt, arrival - self._origin - frame.media_time
        self._last = max(self._last, frame.media_time + self._shift[1])
        return replace(frame, index=index, media_time=self._last)
