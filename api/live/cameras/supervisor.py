"""Keeps a live session running for every remembered camera, within its hours."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import Final

from api.errors import Refused
from api.live.cameras.camera import Camera, CameraRequest
from api.live.cameras.store import CameraStore
from catalog.errors import CatalogError
from catalog.snapshot import Catalog
from matcher.live import LiveError, NoSuchSession, SessionManager, SessionStatus
from stream.errors import StreamError
from stream.sources import LiveSource

TICK_S: Final = 1.0  # between two looks at all cameras
RETRY_S: Final = 15.0  # after a failure

OpenSource = Callable[[Camera, str], LiveSource]
FollowCatalog = Callable[[str], Callable[[], Catalog]]


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """A camera and its session.

    Attributes:
        camera: as remembered.
        session: the running one; None while it is not watched.
        reason: why it is not watched, one sentence; empty while it is.
    """

    camera: Camera
    session: SessionStatus | None
    reason: str


class CameraSupervisor:
    """Starts a session per camera, ends it outside its hours, tries again when it failed.

    Thread-safe. Close it before the session manager.
    """

    def __init__(
        self,
        store: CameraStore,
        manager: SessionManager[Catalog],
        follow: FollowCatalog,
        open_source: OpenSource,
        *,
        clock: Callable[[], float] = time.time,
        steady_clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start watching, in a thread of its own.

        Args:
            store: of the cameras.
            manager: of the sessions.
            follow: returns, for a catalog's name, what gives its newest snapshot; raises
                `CatalogError` if it cannot be read.
            open_source: makes a source of a camera and its address.
            clock: Unix seconds, for the hours.
            steady_clock: seconds that no setting of the clock changes, for pauses.
        """
        self._store = store
        self._manager = manager
        self._follow = follow
        self._open_source = open_source
        self._clock = clock
        self._steady_clock = steady_clock
        self._lock = Lock()
        self._sessions: dict[str, str] = {}
        self._reasons: dict[str, str] = {}
        self._retry_at: dict[str, float] = {}
        self._wake = Event()
        self._is_closing = False
        self._thread = Thread(target=self._run, name="cameras", daemon=True)
        self._thread.start()

    def list(self) -> tuple[CameraStatus, ...]:
        """Return all cameras with their sessions, by id."""
        return tuple(self.status(camera) for camera in self._store.list())

    def status(self, camera: Camera) -> CameraStatus:
        """Return a camera with its session."""
        with self._lock:
            session_id = self._sessions.get(camera.camera_id)
            reason = self._reasons.get(camera.camera_id, "It will be watched in a moment.")
        session = self._session_status(session_id)
        return CameraStatus(camera, session, "" if session is not None else reason)

    def put(self, order: CameraRequest, *, replace: bool = False) -> Camera:
        """Remember a camera and watch it at once; a changed one begins a new session.

        Raises:
            Refused, OSError: see `CameraStore.add`.
        """
        camera = self._store.add(order, replace=replace)
        with self._lock:
            self._end(camera.camera_id)
            self._retry_at.pop(camera.camera_id, None)
        self._wake.set()
        return camera

    def remove(self, camera_id: str) -> None:
        """Forget a camera and end its session.

        Raises:
            Refused: there is none of that id.
            OSError: see `CameraStore.remove`.
        """
        self._store.remove(camera_id)
        with self._lock:
            self._end(camera_id)
            self._reasons.pop(camera_id, None)
            self._retry_at.pop(camera_id, None)

    def close(self, timeout: float = 5.0) -> None:
        """Watch no more; the sessions are the manager's to end. Safe to call twice."""
        self._is_closing = True
        self._wake.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._is_closing:
            for camera in self._store.list():
                with self._lock:
                    if not self._is_closing:
                        self._update(camera)
            self._wake.wait(TICK_S)
            self._wake.clear()

    def _update(self, camera: Camera) -> None:
        key, now = camera.camera_id, self._steady_clock()
        idle = _idle_reason(camera, self._clock())
        status = self._session_status(self._sessions.get(key))
        if idle:
            self._end(key)
            self._reasons[key] = idle
        elif status is not None and status.state.is_final:
            self._end(key)
            self._retry_later(key, status.reason, now)
        elif status is None and now >= self._retry_at.get(key, now):
            self._begin(camera, now)

    def _begin(self, camera: Camera, now: float) -> None:
        key = camera.camera_id
        try:
            source = self._open_source(camera, self._store.address(key))
            newest = self._follow(camera.catalog)
            settings = camera.session_settings
            self._sessions[key] = self._manager.start(source, newest, settings)
        except (Refused, CatalogError, LiveError, StreamError, OSError) as error:
            self._retry_later(key, " ".join(str(error).split()), now)

    def _retry_later(self, key: str, reason: str, now: float) -> None:
        self._reasons[key] = reason
        self._retry_at[key] = now + RETRY_S

    def _end(self, key: str) -> None:
        session_id = self._sessions.pop(key, None)
        if session_id is not None:
            try:
                self._manager.stop(session_id)
            except NoSuchSession:
                return  # it ended by itself, or somebody stopped it

    def _session_status(self, session_id: str | None) -> SessionStatus | None:
        if session_id is None:
            return None
        try:
            return self._manager.get(session_id)
        except NoSuchSession:
            return None


def _idle_reason(camera: Camera, now: float) -> str:
    if not camera.enabled:
        return "It is switched off."
    return "" if camera.hours.open_at(now) else "It is outside its hours."
