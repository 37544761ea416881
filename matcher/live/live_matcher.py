"""Matching of one live session, decided by nothing but what it is given.

Everything that depends on the clock (which frames were taken, when a request was started and when
its result came) comes in from outside and can be recorded, so that a replay gives the same events.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Generic

from matcher.live.settings import SessionSettings
from matcher.live.verification_queue import Matches, QueueUpdate
from matcher.tracking.events import Event
from matcher.tracking.finder import CatalogT, Finder
from matcher.tracking.frame_matcher import FrameMatcher
from matcher.tracking.output import MatchedFrame
from matcher.tracking.request import VerificationRequest, run_request
from matcher.tracking.state import SessionInfo
from stream.frame import Frame

OVERDUE_S: Final = 0.2  # past its deadline, from which a verification counts as overdue
ASSUMED_STEP_S: Final = 0.04  # between two frames whose timestamps go backwards: 25 per second


@dataclass(frozen=True, slots=True, eq=False)
class _OpenRequest(Generic[CatalogT]):
    """A request with the catalog of its frame."""

    request: VerificationRequest
    catalog: CatalogT


class LiveMatcher(Generic[CatalogT]):
    """Runs one session's `FrameMatcher`; for one thread.

    Attributes:
        degraded: whether the most urgent verification is overdue.
    """

    def __init__(
        self, session_id: str, finder: Finder[CatalogT], settings: SessionSettings
    ) -> None:
        self._session_id = session_id
        self._finder = finder
        self._settings = settings
        self._matcher: FrameMatcher[CatalogT] | None = None
        self._open: _OpenRequest[CatalogT] | None = None
        self._clock = _SteadyClock()
        self.degraded = False

    def advance(self, frame: Frame, catalog: CatalogT, update: QueueUpdate) -> MatchedFrame:
        """Run one cycle of a frame; blocks while it is detected on and tracked.

        Args:
            frame: the newest one.
            catalog: the present snapshot.
            update: what has become of the work that `next_work` returned after the last frame.
        """
        frame = self._clock.steady(frame)
        matcher = self._matcher
        if matcher is None:
            session = SessionInfo(self._session_id, frame.captured_at - frame.media_time)
            matcher = FrameMatcher(self._finder, session, self._settings.matching)
            self._matcher = matcher
        if update.started and self._open is not None:
            matcher.mark_started(self._open.request)
        matcher.track(frame, catalog)
        if update.result is not None:
            matcher.apply_result(update.result, frame, catalog)
        matched = matcher.emit(frame, catalog)
        due = matcher.most_urgent(frame)
        request = matcher.next_request(due, frame)
        self._open = None if request is None else _OpenRequest(request, catalog)
        overdue = 0.0 if due is None else frame.media_time - due.deadline
        self.degraded = OVERDUE_S < overdue < float("inf")  # the first task has no deadline
        return matched

    def next_work(self) -> Callable[[], Matches] | None:
        """Return the verification to be made next, for any thread; None while nothing is due."""
        pending = self._open
        if pending is None:
            return None
        return lambda: run_request(self._finder, pending.request, pending.catalog)

    def leave(self, catalog: CatalogT) -> MatchedFrame | None:
        """Have everything in view leave; None before the first frame. Frames may follow."""
        return None if self._matcher is None else self._matcher.finish(catalog)


def stamp_event(
    event: Event, frame: Frame, emitted_at: float, late_seconds: float, *, degraded: bool
) -> Event:
    """Return an event with what only the moment of its emission knows.

    Args:
        event: from a matcher.
        frame: the one it was found at.
        emitted_at: Unix seconds.
        late_seconds: age of the frame from which the event is late.
        degraded: whether verification was overdue.
    """
    age = max(emitted_at - frame.captured_at, 0.0)
    return replace(event, frame_age_ms=1e3 * age, late=age > late_seconds, degraded=degraded)


class _SteadyClock:
    """Media times that never go back, whatever a source's timestamps do."""

    def __init__(self) -> None:
        self._shift = 0.0
        self._last = float("-inf")

    def steady(self, frame: Frame) -> Frame:
        time = frame.media_time + self._shift
        if time < self._last:
            self._shift += self._last + ASSUMED_STEP_S - time
            time = self._last + ASSUMED_STEP_S
        self._last = time
        return frame if time == frame.media_time else replace(frame, media_time=time)
