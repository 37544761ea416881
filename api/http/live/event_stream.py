"""Everything about one session as it happens, for one reader at the reader's own pace."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from api.http.auth.principal import Principal
from api.http.live.schemas import overlay_json
from api.http.live.service import SessionService
from api.http.shutdown import ShutdownSignal
from catalog.errors import CatalogError
from matcher.live import NoSuchSession
from stream.status import SourceState

PAGE: Final = 100  # events read from the log at once
HEARTBEAT_S: Final = 15.0  # proxies close connections that are silent for 30 s or 60 s
STATUS_S: Final = 1.0  # between two statuses of a session whose state stays
_FINAL: Final = {state.value for state in SourceState if state.is_final}


@dataclass(frozen=True, slots=True)
class StreamItem:
    """One thing to send.

    Attributes:
        kind: event, status, overlay, missed, end, or empty to keep the connection open.
        data: JSON.
        number: of an event in the log, with which a reader goes on later.
    """

    kind: str
    data: str = "{}"
    number: int | None = None

    def as_sse(self) -> str:
        """Return it as an `EventSource` reads it."""
        if not self.kind:
            return ": \n\n"
        name = "appearance" if self.kind == "event" else self.kind
        number = "" if self.number is None else f"id: {self.number}\n"
        return f"{number}event: {name}\ndata: {self.data}\n\n"

    def as_text(self) -> str:
        """Return it as a WebSocket's text."""
        number = "" if self.number is None else f'"number": {self.number}, '
        return f'{{"type": "{self.kind}", {number}"data": {self.data}}}'


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """A reader's request.

    Attributes:
        session_id: of which session.
        after: number of the last event it has; 0 for all that are kept.
        overlay: whether it draws over the picture.
    """

    session_id: str
    after: int
    overlay: bool


async def stream_session(
    live: SessionService, request: StreamRequest, principal: Principal, shutdown: ShutdownSignal
) -> AsyncIterator[StreamItem]:
    """Yield what has happened and what happens, until the session or the service ends."""
    reader = _StreamReader(live, request, principal)
    while True:
        is_over = shutdown.is_set or reader.is_over()
        async for item in reader.new_items():
            yield item
        if is_over:
            yield StreamItem("end", json.dumps({"stopping": shutdown.is_set}))
            return
        if reader.needs_heartbeat():
            yield StreamItem("")
        await live.notifier.wait(STATUS_S)


class _StreamReader:
    """Where one reader stands."""

    def __init__(self, live: SessionService, request: StreamRequest, principal: Principal) -> None:
        self._live = live
        self._request = request
        self._principal = principal
        self._cursor = request.after
        self._state: tuple[str, str] | None = None
        self._status_at = self._sent_at = 0.0
        self._frame: object = None

    def is_over(self) -> bool:
        """Whether nothing more comes of the session but what the log has."""
        try:
            return self._session()["state"] in _FINAL
        except NoSuchSession:
            return True

    def needs_heartbeat(self) -> bool:
        """Whether the connection has been silent for too long."""
        now = time.monotonic()
        if now - self._sent_at < HEARTBEAT_S:
            return False
        self._sent_at = now
        return True

    async def new_items(self) -> AsyncIterator[StreamItem]:
        async for item in self._events():
            yield item
        for more in (self._status(), self._overlay()):
            if more is not None:
                yield self._note_sent(more)

    async def _events(self) -> AsyncIterator[StreamItem]:
        log, session_id = self._live.services.log, self._request.session_id
        while True:
            page = await asyncio.to_thread(
                log.after, self._cursor, session_id=session_id, limit=PAGE
            )
            if page.missed:
                yield self._note_sent(StreamItem("missed", json.dumps({"after": self._cursor})))
            for entry in page.entries:
                yield self._note_sent(StreamItem("event", entry.body, entry.number))
            self._cursor = page.cursor
            if len(page.entries) < PAGE:
                return

    def _status(self) -> StreamItem | None:
        try:
            session = self._session()
        except NoSuchSession:
            return None
        now, state = time.monotonic(), (str(session["state"]), str(session["reason"]))
        if state == self._state and now - self._status_at < STATUS_S:
            return None
        self._state, self._status_at = state, now
        return StreamItem("status", json.dumps(session))

    def _overlay(self) -> StreamItem | None:
        session_id = self._request.session_id
        result = self._live.notifier.frame(session_id) if self._request.overlay else None
        if result is None or result is self._frame or result.late:
            return None
        self._frame = result
        try:
            catalog = self._live.services.catalogs.snapshot(result.catalog)
        except CatalogError:
            return None
        return StreamItem("overlay", json.dumps(overlay_json(result, catalog)))

    def _session(self) -> dict[str, Any]:
        return {**self._live.show(self._request.session_id, self._principal)}

    def _note_sent(self, item: StreamItem) -> StreamItem:
        self._sent_at = time.monotonic()
        return item
