"""One live session: a source, its newest frame, and the messages about it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event as Flag
from time import monotonic, time
from typing import Final, Generic

from catalog.errors import CatalogError, NotFound
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
from matcher.tracking.finder import CatalogT, Finder
from matcher.tracking.output import MatchedFrame
from stream.frame import Frame
from stream.mailbox import Mailbox
from stream.sources import LiveSource
from stream.status import SourceState, SourceStatus

_logger: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class SessionContext(Generic[CatalogT]):
    """The parts that all sessions share.

    Attributes:
        finder: finds products.
        queue: runs verifications.
        emit: takes every message; must not block.
        on_arrival: called when there is something to do.
        settings: of all sessions.
    """

    finder: Finder[CatalogT]
    queue: VerificationQueue
    emit: Callable[[Message], None]
    on_arrival: Callable[[], None]
    settings: LiveSettings


class LiveSession(Generic[CatalogT]):
    """Served by the fast path's thread; its status may be read from any.

    Attributes:
        session_id: unguessable.
        served: when its last turn was, in turns of all sessions; for the fast path.
        over: set when no further message comes.
        latest: the last frame result; None before the first.
    """

    def __init__(
        self,
        session_id: str,
        source: LiveSource,
        catalog: Callable[[], CatalogT],
        settings: SessionSettings,
        context: SessionContext[CatalogT],
        record_into: Callable[[RecordedSession], Recorder] | None = None,
    ) -> None:
        self.session_id = session_id
        self.source = source
        self.served = 0
        self.over = Flag()
        self.latest: FrameResult | None = None
        self._catalog = catalog
        self._context = context
        self._finder = FilteredFinder(context.finder, settings.regions, settings.smallest)
        self._matcher = LiveMatcher(session_id, self._finder, settings)
        self._inbox = Mailbox(context.on_arrival)
        self._snapshot = catalog()
        self._catalog_name = self._snapshot.name
        self._started_at = time()
        self._stats = RollingStats()
        self._faults = self._faults_in_row = self._processed = 0
        self._late = self._degraded = self._events = 0
        self._served_at = monotonic()
        self._is_quiet = True
        self._is_behind = False
        self._fault: SourceStatus | None = None
        self._recorder = None
        if record_into is not None:
            late = context.settings.late_seconds
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
        """Whether its source is done and its last frame served, or matching failed too often."""
        is_done = self._inbox.is_closed or self.source.status.state.is_final
        return self._fault is not None or (is_done and self._inbox.is_empty)

    def status(self) -> SessionStatus:
        """Return its status now."""
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
        """Run one frame's turn in the fast path; False if there was none."""
        frame = self._inbox.take(0)
        if frame is None:
            return False
        self._follow_catalog()
        if self._fault is not None:
            return True
        try:
            self._serve(frame)
            self._faults_in_row = 0
        except Exception as error:
            # Whatever broke here, the other sessions go on; this one is ended if it goes on.
            if not self._faults_in_row:
                _logger.exception("session %s: a frame could not be matched", self.session_id)
            self._count_fault(f"{type(error).__name__}: {error}")
        return True

    def rest(self) -> None:
        """Have everything in view leave after a long silence; called when there is no frame."""
        if self.has_frame:
            return  # one that waits for its turn is no silence
        self._follow_catalog()
        if self._is_quiet:
            return
        if monotonic() - self._served_at > self._context.settings.silent_seconds:
            self._leave()

    def shut(self) -> None:
        """Take no further frame; from any thread."""
        self._inbox.close()

    def end(self) -> None:
        """Emit the last messages; the last call of the fast path."""
        self._inbox.close()
        self._context.queue.forget(self.session_id)
        if not self._is_quiet:
            self._leave()
        if self._recorder is not None:
            self._recorder.close()
        self.over.set()
        self._context.emit(SessionChanged(self.status()))

    def _follow_catalog(self) -> None:
        """Take the newest snapshot; a session whose catalog is deleted is over."""
        try:
            self._snapshot = self._catalog()
        except NotFound:
            reason = f"The catalog {self._catalog_name} was deleted."
            self._fault = SourceStatus(SourceState.FAILED, reason, time())
        except CatalogError as error:
            if not self._is_behind:  # what is known serves on
                _logger.warning("session %s: %s", self.session_id, " ".join(str(error).split()))
            self._is_behind = True
        else:
            self._is_behind = False

    def _serve(self, frame: Frame) -> None:
        catalog, queue = self._snapshot, self._context.queue
        update = queue.poll(self.session_id)
        self._faults += update.failed
        matched = self._matcher.advance(frame, catalog, update)
        work = self._matcher.next_work()
        if work is not None:
            queue.submit(self.session_id, work)
        emitted_at = time()
        self._processed += 1
        self._served_at = monotonic()
        self._is_quiet = False
        self._stats.add(max(emitted_at - frame.captured_at, 0.0), self._served_at)
        self._emit(matched, frame, emitted_at)
        if self._recorder is not None:
            recorded = RecordedFrame.of(frame, catalog.index_version, update, emitted_at)
            self._recorder.add(recorded, frame)

    def _leave(self) -> None:
        # The last frame's: the catalog may be deleted by now, and this must not fail.
        catalog, latest, now = self._snapshot, self.latest, time()
        matched = self._matcher.leave(catalog)
        self._is_quiet = True
        if matched is None or latest is None:
            return
        self._emit(matched, latest.frame, now)
        if self._recorder is not None:
            version = catalog.index_version
            silence = RecordedFrame.of(latest.frame, version, QueueUpdate(), now, silent=True)
            self._recorder.add(silence, None)

    def _emit(self, matched: MatchedFrame, frame: Frame, emitted_at: float) -> None:
        late_seconds, degraded = self._context.settings.late_seconds, self._matcher.degraded
        late = emitted_at - frame.captured_at > late_seconds
        self._late += late
        self._degraded += degraded
        self._events += len(matched.events)
        self.latest = FrameResult(
            self.session_id,
            self._catalog_name,
            frame,
            () if late else matched.overlay,
            tuple(
                stamp_event(event, frame, emitted_at, late_seconds, degraded=degraded)
                for event in matched.events
            ),
            matched.summaries,
            emitted_at,
            late,
            degraded,
        )
        self._context.emit(self.latest)

    def _on_status(self, _: SourceStatus) -> None:
        if self.over.is_set():
            return  # its end was told, with the reason
        self._context.emit(SessionChanged(self.status()))
        self._context.on_arrival()

    def _count_fault(self, description: str) -> None:
        self._faults += 1
        self._faults_in_row += 1
        if self._faults_in_row >= self._context.settings.most_faults:
            reason = f"Matching broke {self._faults_in_row} times in a row ({description})."
            self._fault = SourceStatus(SourceState.FAILED, reason, time())

    def _counters(self) -> Counters:
        source, finder = self.source.status, self._finder
        p50, p95, p99 = self._stats.percentiles_ms()
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
            processed_fps=self._stats.rate(monotonic()),
            age_p50_ms=p50,
            age_p95_ms=p95,
            age_p99_ms=p99,
        )
