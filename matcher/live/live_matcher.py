"""What one session says of its frames, decided by nothing but what it is given.

Everything that depends on the clock (which frames were taken, when a look was taken up and when
its answer came) comes in from outside and can be recorded, so that a replay says the same.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Generic

from matcher.live.settings import SessionSettings
from matcher.live.verification_queue import Matches, QueueUpdate
from matcher.tracking.events import Event
from matcher.tracking.frame_matcher import (
    CatalogT,
    Finder,
    FrameMatcher,
    MatchedFrame,
    SessionInfo,
    run_request,
)
from matcher.tracking.request import VerificationRequest
from stream.frame import Frame

OVERDUE_S: Final = 0.2
ASSUMED_STEP_S: Final = 0.04


@dataclass(frozen=True, slots=True, eq=False)
class _Asked(Generic[CatalogT]):
    inquiry: VerificationRequest
    catalog: CatalogT


class LiveMatcher(Generic[CatalogT]):
    """One session's engine, for one thread.

    Attributes:
        degraded: whether the look that is wanted most is overdue.
    """

    def __init__(
        self, session_id: str, finder: Finder[CatalogT], settings: SessionSettings
    ) -> None:
        self._session_id = session_id
        self._finder = finder
        self._settings = settings
        self._engine: FrameMatcher[CatalogT] | None = None
        self._asked: _Asked[CatalogT] | None = None
        self._clock = _SteadyClock()
        self.degraded = False

    def advance(self, frame: Frame, catalog: CatalogT, news: QueueUpdate) -> MatchedFrame:
        """Take a frame; blocks while it is detected on and tracked.

        Args:
            frame: the newest one.
            catalog: the snapshot of now.
            news: what became of the look that `wanted` gave after the last frame.
        """
        frame = self._clock.steady(frame)
        engine = self._engine
        if engine is None:
            session = SessionInfo(self._session_id, frame.captured_at - frame.media_time)
            engine = self._engine = FrameMatcher(self._finder, session, self._settings.engine)
        if news.begun and self._asked is not None:
            engine.begin(self._asked.inquiry)
        engine.take(frame, catalog)
        if news.answer is not None:
            engine.hear(news.answer, frame, catalog)
        step = engine.tell(frame, catalog)
        self._ask(engine, frame, catalog)
        return step

    def wanted(self) -> Callable[[], Matches] | None:
        """The look to be made next, for any thread to make; None while nothing is due."""
        asked = self._asked
        if asked is None:
            return None
        return lambda: run_request(self._finder, asked.inquiry, asked.catalog)

    def leave(self, catalog: CatalogT) -> MatchedFrame | None:
        """Everything in view leaves; None before the first frame. Frames may follow."""
        return None if self._engine is None else self._engine.finish(catalog)

    def _ask(self, engine: FrameMatcher[CatalogT], frame: Frame, catalog: CatalogT) -> None:
        inquiry, due = engine.ask(frame), engine.due(frame)
        self._asked = None if inquiry is None else _Asked(inquiry, catalog)
        overdue = 0.0 if due is None else frame.media_time - due.deadline
        self.degraded = OVERDUE_S < overdue < float("inf")  # the first look has no deadline


def stamp_event(
    event: Event, frame: Frame, told_at: float, late_seconds: float, *, degraded: bool
) -> Event:
    """An event with what only the moment of telling knows."""
    age = max(told_at - frame.captured_at, 0.0)
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
