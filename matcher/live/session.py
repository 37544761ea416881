"""One live session: a source, its newest frame, and what is said of it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event as Flag
from time import time
from typing import Final, Generic

from matcher.live.live_matcher import LiveMatcher, stamp_event
from matcher.live.messages import (
    Counters,
    FrameResult,
    Message,
    RollingStats,
    SessionChanged,
    SessionStatus,
)
from matcher.live.recording import RecordedFrame, RecordedSession, Recorder
from matcher.live.region import FilteredFinder
from matcher.live.settings import LiveSettings, SessionSettings
from matcher.live.verification_queue import QueueUpdate, VerificationQueue
from matcher.tracking.frame_matcher import CatalogT, Finder, MatchedFrame
from stream.frame import Frame
from stream.mailbox import Mailbox
from stream.sources import LiveSource
from stream.status import SourceState, SourceStatus

_logger: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class SessionContext(Generic[CatalogT]):
    """What a session is given by its manager.

    Attributes:
        finder: finds products; shared.
        lane: makes looks; shared.
        tell: takes every message; must not block.
        on_arrival: called when there is something to do.
        settings: of all sessions.
    """

    finder: Finder[CatalogT]
    lane: VerificationQueue
    tell: Callable[[Message], None]
    on_arrival: Callable[[], None]
    settings: LiveSettings


class LiveSession(Generic[CatalogT]):
    """Served by the first lane's thread; its status may be read from any.

    Attributes:
        session_id: unguessable.
        served: when its last turn was, in turns of all sessions; for the first lane.
        over: set when nothing more will be said.
        latest: the last frame that was told; None before the first.
    """

    def __init__(
        self,
        session_id: str,
        source: LiveSource,
        catalog: Callable[[], CatalogT],
        settings: SessionSettings,
        around: SessionContext[CatalogT],
        record_into: Callable[[RecordedSession], Recorder] | None = None,
    ) -> None:
        self.session_id = session_id
        self.source = source
        self.served = 0
        self.over = Flag()
        self.latest: FrameResult | None = None
        self._catalog = catalog
        self._around = around
        self._finder = FilteredFinder(around.finder, settings.regions, settings.smallest)
        self._matching = LiveMatcher(session_id, self._finder, settings)
        self._inbox = Mailbox(around.on_arrival)
        self._catalog_name = catalog().name
        self._started_at = time()
        self._recent = RollingStats()
        self._faults = self._faults_in_row = self._processed = 0
        self._late = self._degraded = self._events = 0
        self._last_frame_at = time()
        self._is_quiet = True
        self._fault: SourceStatus | None = None
        self._recorder = None
        if record_into is not None:
            late = around.settings.late_seconds
            session = RecordedSession(session_id, self._catalog_name, late, settings)
            self._recorder = record_into(session)

    def start(self) -> None:
        """Let the source begin."""
        self.source.start(self._inbox, self._on_status)

    @property
    def has_frame(self) -> bool:
        """Whether there is one to be served."""
        return not self._inbox.is_empty

    @property
    def wants_end(self) -> bool:
        """Whether its source is done and its last frame served, or it broke too often."""
        is_done = self._inbox.is_closed or self.source.status.state.is_final
        return self._fault is not None or (is_done and self._inbox.is_empty)

    def status(self) -> SessionStatus:
        """How it is now."""
        source = self._fault or self.source.status
        return SessionStatus(
            self.session_id,
            self.source.source_id,
            self._catalog_name,
            source.state,
            source.reason,
            source.since,
            self._started_at,
            self._counters(),
        )

    def serve(self) -> bool:
        """One frame's turn in the first lane; False if there was none."""
        frame = self._inbox.take(0)
        if frame is None:
            return False
        try:
            self._serve(frame)
            self._faults_in_row = 0
        except Exception as error:
            # Whatever broke here, the other sessions go on; this one is ended if it goes on.
            _logger.exception("session %s: a frame could not be matched", self.session_id)
            self._count_fault(f"{type(error).__name__}: {error}")
        return True

    def rest(self) -> None:
        """No frame for this session now: after a long silence, everything in view leaves."""
        silent = time() - self._last_frame_at > self._around.settings.silent_seconds
        if silent and not self._is_quiet:
            self._leave()

    def shut(self) -> None:
        """Take no further frame; from any thread."""
        self._inbox.close()

    def end(self) -> None:
        """Say what is left to say; the last call of the first lane."""
        self._inbox.close()
        self._around.lane.forget(self.session_id)
        if not self._is_quiet:
            self._leave()
        if self._recorder is not None:
            self._recorder.close()
        self.over.set()
        self._around.tell(SessionChanged(self.status()))

    def _serve(self, frame: Frame) -> None:
        catalog = self._catalog()
        news = self._around.lane.news(self.session_id)
        self._faults += news.failed
        step = self._matching.advance(frame, catalog, news)
        wanted = self._matching.wanted()
        if wanted is not None:
            self._around.lane.offer(self.session_id, wanted)
        told_at = time()
        self._processed += 1
        self._last_frame_at = told_at
        self._is_quiet = False
        self._recent.add(max(told_at - frame.captured_at, 0.0), told_at)
        self._tell(step, frame, told_at)
        if self._recorder is not None:
            taken = RecordedFrame.of(frame, catalog.index_version, news, told_at)
            self._recorder.add(taken, frame)

    def _leave(self) -> None:
        catalog, latest, now = self._catalog(), self.latest, time()
        step = self._matching.leave(catalog)
        self._is_quiet = True
        if step is None or latest is None:
            return
        self._tell(step, latest.frame, now)
        if self._recorder is not None:
            frame = latest.frame
            taken = RecordedFrame.of(frame, catalog.index_version, QueueUpdate(), now, silent=True)
            self._recorder.add(taken, None)

    def _tell(self, step: MatchedFrame, frame: Frame, told_at: float) -> None:
        settings, degraded = self._around.settings, self._matching.degraded
        late = told_at - frame.captured_at > settings.late_seconds
        self._late += late
        self._degraded += degraded
        self._events += len(step.events)
        events = [
            stamp_event(event, frame, told_at, settings.late_seconds, degraded=degraded)
            for event in step.events
        ]
        notes = () if late else step.notes
        self.latest = FrameResult(
            self.session_id, frame, notes, tuple(events), step.summaries, told_at, late, degraded
        )
        self._around.tell(self.latest)

    def _on_status(self, _: SourceStatus) -> None:
        self._around.tell(SessionChanged(self.status()))
        self._around.on_arrival()

    def _count_fault(self, what: str) -> None:
        self._faults += 1
        self._faults_in_row += 1
        if self._faults_in_row >= self._around.settings.most_faults:
            reason = f"LiveMatcher broke {self._faults_in_row} times in a row ({what})."
            self._fault = SourceStatus(SourceState.FAILED, reason, time())

    def _counters(self) -> Counters:
        source, finder = self.source.status, self._finder
        p50, p95, p99 = self._recent.percentiles_ms()
        return Counters(
            frames_in=self._inbox.received,
            processed=self._processed,
            dropped=self._inbox.dropped,
            faults=self._faults,
            detections=finder.detections,
            looks=finder.looks,
            surveys=finder.surveys,
            degraded=self._degraded,
            late=self._late,
            events=self._events,
            reconnects=source.reconnects,
            corrupt=source.corrupt,
            processed_fps=self._recent.rate(time()),
            age_p50_ms=p50,
            age_p95_ms=p95,
            age_p99_ms=p99,
        )
