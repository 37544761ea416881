"""Sees to it that every remembered camera is watched when it is to be."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import Final, Protocol

from api.errors import Refused
from api.live.cameras.camera import Camera, CameraRequest
from api.live.cameras.store import CameraStore
from catalog.errors import CatalogError
from catalog.snapshot import Catalog
from matcher.live import LiveError, NoSuchSession, SessionManager, SessionStatus
from stream.errors import StreamError
from stream.sources import LiveSource

TICK_S: Final = 1.0
AGAIN_S: Final = 15.0

OpenSource = Callable[[Camera, str], LiveSource]


class FollowCatalog(Protocol):
    """What gives a catalog's newest snapshot at any time."""

    def __call__(self, name: str) -> Callable[[], Catalog]:
        """Follow a catalog.

        Raises:
            CatalogError: there is none of that name, or it cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """A camera and what becomes of it.

    Attributes:
        camera: as remembered.
        session: of now; None while it is not watched.
        reason: why it is not watched, one sentence; empty while it is.
    """

    camera: Camera
    session: SessionStatus | None
    reason: str


class CameraSupervisor:
    """Starts a session per camera, ends it outside its hours, tries again when it failed.

    Thread-safe. What it needs is given; close it before the manager.
    """

    def __init__(
        self,
        store: CameraStore,
        manager: SessionManager[Catalog],
        catalogs: FollowCatalog,
        open_source: OpenSource,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Begin to watch, in a thread of its own.

        Args:
            store: of the cameras.
            manager: of the sessions.
            catalogs: gives newest snapshots.
            open_source: makes a source of a camera and its address.
            clock: Unix seconds.
        """
        self._store = store
        self._manager = manager
        self._catalogs = catalogs
        self._open_source = open_source
        self._clock = clock
        self._lock = Lock()
        self._sessions: dict[str, str] = {}
        self._reasons: dict[str, str] = {}
        self._again_at: dict[str, float] = {}
        self._wake = Event()
        self._closing = False
        self._thread = Thread(target=self._run, name="cameras", daemon=True)
        self._thread.start()

    def list(self) -> tuple[CameraStatus, ...]:
        """All cameras, by id."""
        return tuple(self.report(camera) for camera in self._store.list())

    def report(self, camera: Camera) -> CameraStatus:
        """How one camera is."""
        with self._lock:
            session_id = self._sessions.get(camera.camera_id)
            reason = self._reasons.get(camera.camera_id, "It will be watched in a moment.")
        status = self._status(session_id)
        return CameraStatus(camera, status, "" if status is not None else reason)

    def put(self, order: CameraRequest, *, replace: bool = False) -> Camera:
        """Remember a camera and watch it at once; a changed one begins a new session.

        Raises:
            Refused: see `CameraStore.add`.
            OSError: likewise.
        """
        camera = self._store.add(order, replace=replace)
        with self._lock:
            self._end(camera.camera_id)
            self._again_at.pop(camera.camera_id, None)
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
            self._again_at.pop(camera_id, None)

    def close(self, timeout: float = 5.0) -> None:
        """Watch no more; the sessions are the manager's to end. Safe to call twice."""
        self._closing = True
        self._wake.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._closing:
            for camera in self._store.list():
                with self._lock:
                    if not self._closing:
                        self._look_after(camera)
            self._wake.wait(TICK_S)
            self._wake.clear()

    def _look_after(self, camera: Camera) -> None:
        key, now = camera.camera_id, self._clock()
        idle = _idle_reason(camera, now)
        status = self._status(self._sessions.get(key))
        if idle:
            self._end(key)
            self._reasons[key] = idle
        elif status is not None and status.state.is_final:
            self._end(key)
            self._put_off(key, status.reason, now)
        elif status is None and now >= self._again_at.get(key, 0.0):
            self._begin(camera, now)

    def _begin(self, camera: Camera, now: float) -> None:
        key = camera.camera_id
        try:
            source = self._open_source(camera, self._store.address(key))
            catalog = self._catalogs(camera.catalog)
            settings = camera.session_settings
            self._sessions[key] = self._manager.start(source, catalog, settings)
        except (Refused, CatalogError, LiveError, StreamError, OSError) as error:
            self._put_off(key, " ".join(str(error).split()), now)

    def _put_off(self, key: str, reason: str, now: float) -> None:
        self._reasons[key] = reason
        self._again_at[key] = now + AGAIN_S

    def _end(self, key: str) -> None:
        session_id = self._sessions.pop(key, None)
        if session_id is not None:
            try:
                self._manager.stop(session_id)
            except NoSuchSession:
                return  # it ended by itself, or somebody stopped it

    def _status(self, session_id: str | None) -> SessionStatus | None:
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
