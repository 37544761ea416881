"""All live sessions, and the fast path that serves them in turn."""

import logging
import secrets
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import Event as Flag
from threading import Lock, Thread
from time import monotonic
from typing import Final, Generic

from matcher.live.errors import LiveError, NoSuchSession, TooManySessions
from matcher.live.messages import FrameResult, Message, SessionStatus
from matcher.live.recording import RecordedSession, Recorder
from matcher.live.session import LiveSession, SessionContext
from matcher.live.settings import LiveSettings, SessionSettings
from matcher.live.subscription import MOST_EVENTS, LiveSubscription
from matcher.live.verification_queue import VerificationQueue
from matcher.tracking.finder import CatalogT, Finder
from stream.sources import STOP_BOUND_S, LiveSource

TICK_S: Final = 0.1  # seconds between two looks for sessions that are over, or silent
RETRY_AFTER_S: Final = 5.0  # seconds; a refused client may find a free place then
SOURCE_SHARE: Final = 0.75  # of a stop's time that its source may take
LEAST_JOIN_S: Final = 0.5  # seconds that a thread gets to end, whatever the time left

Listener = Callable[[Message], None]

_logger: Final = logging.getLogger(__name__)


class SessionManager(Generic[CatalogT]):
    """Starts, serves, lists and stops live sessions; thread-safe.

    The fast path serves the session that was served longest ago and has a frame, so that in
    overload every session gets an even share of frames. Close it at the end.
    """

    def __init__(
        self,
        finder: Finder[CatalogT],
        settings: LiveSettings | None = None,
        *,
        queue: VerificationQueue | None = None,
    ) -> None:
        """Start both paths; they wait for sessions.

        Args:
            finder: finds products; used by both paths at once.
            settings: limits and bounds.
            queue: runs verifications; closed with the manager. A new one if None.
        """
        self._settings = settings or LiveSettings()
        self._lock = Lock()
        self._sessions: dict[str, LiveSession[CatalogT]] = {}
        self._ended: OrderedDict[str, SessionStatus] = OrderedDict()
        self._listeners: tuple[Listener, ...] = ()
        self._arrival = Flag()
        self._closing = Flag()
        self._turns = 0
        self._queue = queue or VerificationQueue()
        self._context = SessionContext(
            finder, self._queue, self._emit, self._arrival.set, self._settings
        )
        self._thread = Thread(target=self._run, name="fast path", daemon=True)
        self._thread.start()

    @property
    def look_interval_s(self) -> float:
        """Seconds between two looks at the session that waits longest; 0 while none is due."""
        return self._queue.look_interval_s

    @property
    def is_overloaded(self) -> bool:
        """Whether looks come so rarely that products are named late, or not at all."""
        return self.look_interval_s > self._settings.slow_look_seconds

    def start(
        self,
        source: LiveSource,
        catalog: Callable[[], CatalogT],
        settings: SessionSettings | None = None,
        *,
        record: Path | None = None,
    ) -> str:
        """Begin to match a source; return the session's id.

        Args:
            source: not started yet.
            catalog: returns the newest snapshot, at once.
            settings: what to look for.
            record: a new folder to record the session into, for a replay.

        Raises:
            TooManySessions: the limit is reached.
            LiveError: the recording's folder is not empty, or the manager is closed.
            OSError: the recording cannot be written.
        """
        session_id = secrets.token_hex(8)

        def recorder(session: RecordedSession) -> Recorder:
            return Recorder(record or Path(), session)

        with self._lock:
            if self._closing.is_set():
                raise LiveError("skulens is being stopped and starts no session any more")
            if len(self._sessions) >= self._settings.most_sessions:
                raise TooManySessions(self._settings.most_sessions, RETRY_AFTER_S)
            session = LiveSession(
                session_id,
                source,
                catalog,
                settings or SessionSettings(),
                self._context,
                recorder if record is not None else None,
            )
            session.served = self._turns
            self._sessions[session_id] = session
        try:
            session.start()
        except Exception:
            self._forget(session)
            raise
        return session_id

    def stop(self, session_id: str, timeout: float = STOP_BOUND_S) -> None:
        """End a session, from any of its states, and forget it; at most `timeout` seconds.

        Whatever is in view leaves first. Not to be called by a listener.

        Raises:
            NoSuchSession: there is none of that id.
        """
        with self._lock:
            session = self._sessions.get(session_id)
            if session is None and self._ended.pop(session_id, None) is None:
                raise NoSuchSession(f"there is no live session {session_id}")
        if session is None:
            return
        until = monotonic() + timeout
        session.source.stop(SOURCE_SHARE * timeout)
        session.shut()
        self._arrival.set()
        session.over.wait(max(until - monotonic(), 0.0))
        with self._lock:
            self._sessions.pop(session_id, None)
            self._ended.pop(session_id, None)

    def get(self, session_id: str) -> SessionStatus:
        """Return a session's status, also after its end.

        Raises:
            NoSuchSession: there is none of that id, or it was stopped.
        """
        with self._lock:
            session, ended = self._sessions.get(session_id), self._ended.get(session_id)
        if session is not None:
            return session.status()
        if ended is None:
            raise NoSuchSession(f"there is no live session {session_id}")
        return ended

    def list(self) -> tuple[SessionStatus, ...]:
        """Return all sessions: first those that ended by themselves, then the running, by age."""
        with self._lock:
            running, ended = tuple(self._sessions.values()), tuple(self._ended.values())
        return (*ended, *(session.status() for session in running))

    def latest(self, session_id: str) -> FrameResult | None:
        """Return the last frame result, for a picture of it; None before the first.

        Raises:
            NoSuchSession: there is none of that id that runs.
        """
        with self._lock:
            session = self._sessions.get(session_id)
        if session is None:
            raise NoSuchSession(f"there is no live session {session_id}")
        return session.latest

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Have a listener called with every message, in the fast path's or a source's thread.

        It must be quick and may be called from several threads. Call what is returned to end it.
        """
        with self._lock:
            self._listeners = (*self._listeners, listener)

        def end() -> None:
            with self._lock:
                self._listeners = tuple(other for other in self._listeners if other is not listener)

        return end

    def subscribe(self, most_events: int = MOST_EVENTS) -> LiveSubscription:
        """Return a bounded queue of all messages, for one reader; close it at the end."""
        subscription = LiveSubscription(most_events)
        subscription.connect(self.listen)
        return subscription

    def close(self, timeout: float = 10.0) -> None:
        """Stop all sessions and both paths; at most about `timeout` seconds; safe to call twice."""
        self._closing.set()
        with self._lock:
            sessions = tuple(self._sessions.values())
        until = monotonic() + timeout
        ids = [session.session_id for session in sessions]
        stops = [Thread(target=self._stop_quietly, args=(session_id,)) for session_id in ids]
        for stop in stops:
            stop.start()
        for stop in stops:
            stop.join(max(until - monotonic(), 0.0))
        self._arrival.set()
        self._thread.join(max(until - monotonic(), LEAST_JOIN_S))
        self._queue.close(max(until - monotonic(), LEAST_JOIN_S))

    def _stop_quietly(self, session_id: str) -> None:
        try:
            self.stop(session_id)
        except NoSuchSession:
            return  # it ended by itself at this very moment

    def _run(self) -> None:
        pace, tidied = _Pace(self._settings.frames_per_second, self._closing), 0.0
        while True:
            began = monotonic()
            served = pace.ready() and self._serve_next()
            if served:
                pace.spent(monotonic() - began if self._gives_way() else 0.0)
            if not served or monotonic() - tidied > TICK_S:
                self._tidy()
                tidied = monotonic()
                with self._lock:
                    if self._closing.is_set() and not self._sessions:
                        return
            if not pace.ready():
                self._closing.wait(pace.pause(TICK_S))
            elif not served:
                self._arrival.wait(TICK_S)
                self._arrival.clear()

    def _gives_way(self) -> bool:
        """Whether looks wait for the processor that frames take; without looks none is named."""
        return self.look_interval_s > self._settings.busy_look_seconds

    def _serve_next(self) -> bool:
        """Serve the session that has waited longest and has a frame; False if none has."""
        with self._lock:
            sessions = list(self._sessions.values())
        for session in sorted(sessions, key=lambda session: session.served):
            if session.has_frame and session.serve():
                self._turns += 1
                session.served = self._turns
                return True
        return False

    def _tidy(self) -> None:
        with self._lock:
            sessions = list(self._sessions.values())
        for session in sessions:
            if not session.wants_end:
                session.rest()
                continue
            session.end()
            if not session.source.status.state.is_final:  # matching broke, not the source
                Thread(target=session.source.stop, name="stop a source", daemon=True).start()
            self._forget(session)

    def _forget(self, session: LiveSession[CatalogT]) -> None:
        """Keep of a session that is over only how it ended."""
        with self._lock:
            if self._sessions.pop(session.session_id, None) is not None:
                self._ended[session.session_id] = session.status()
            while len(self._ended) > self._settings.most_ended:
                self._ended.popitem(last=False)

    def _emit(self, message: Message) -> None:
        for listener in self._listeners:
            try:
                listener(message)
            except Exception:
                # A listener's fault is not the session's.
                _logger.exception("a listener of live sessions failed")


class _Pace:
    """Keeps the fast path to its budget of frames per second."""

    def __init__(self, rate: float | None, closing: Flag) -> None:
        self._step = 0.0 if rate is None else 1.0 / rate
        self._closing = closing
        self._next = 0.0

    def ready(self) -> bool:
        """Whether a frame may be taken now."""
        return self._closing.is_set() or monotonic() >= self._next

    def spent(self, rest_s: float) -> None:
        """Count a frame that was taken, and rest for some seconds before the next one."""
        now = monotonic()
        self._next = max(self._next + self._step, now - self._step, now + rest_s)

    def pause(self, most: float) -> float:
        """Seconds until the next one, at most so many."""
        return min(max(self._next - monotonic(), 0.0), most)
