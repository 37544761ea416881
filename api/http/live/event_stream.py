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

PAGE: Final = 100
HEARTBEAT_S: Final = 15.0
STATUS_S: Final = 1.0
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
        """For an `EventSource`."""
        if not self.kind:
            return ": \n\n"
        name = "appearance" if self.kind == "event" else self.kind
        number = "" if self.number is None else f"id: {self.number}\n"
        return f"{number}event: {name}\ndata: {self.data}\n\n"

    def as_text(self) -> str:
        """For a WebSocket."""
        number = "" if self.number is None else f'"number": {self.number}, '
        return f'{{"type": "{self.kind}", {number}"data": {self.data}}}'


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """What a reader wants.

    Attributes:
        session_id: of which session.
        after: number of the last event it has; 0 for all that are kept.
        overlay: whether it draws over the picture.
    """

    session_id: str
    after: int
    overlay: bool


async def stream_session(
    room: SessionService, wish: StreamRequest, principal: Principal, ending: ShutdownSignal
) -> AsyncIterator[StreamItem]:
    """What has happened and what happens, until the session or the service ends."""
    reader = _Reader(room, wish, principal)
    while True:
        is_over = ending.is_set or reader.is_over()
        async for item in reader.news():
            yield item
        if is_over:
            yield StreamItem("end", json.dumps({"stopping": ending.is_set}))
            return
        if reader.is_silent():
            yield StreamItem("")
        await room.board.news(STATUS_S)


class _Reader:
    """Where one reader stands."""

    def __init__(self, room: SessionService, wish: StreamRequest, principal: Principal) -> None:
        self._room = room
        self._wish = wish
        self._principal = principal
        self._cursor = wish.after
        self._state: tuple[str, str] | None = None
        self._status_at = self._sent_at = 0.0
        self._frame: object = None

    def is_over(self) -> bool:
        """Whether nothing more comes of the session, but what the log has."""
        try:
            return self._shown()["state"] in _FINAL
        except NoSuchSession:
            return True

    def is_silent(self) -> bool:
        """Whether it is time to say that the connection is alive."""
        now = time.monotonic()
        if now - self._sent_at < HEARTBEAT_S:
            return False
        self._sent_at = now
        return True

    async def news(self) -> AsyncIterator[StreamItem]:
        async for item in self._events():
            yield item
        for more in (self._status(), self._overlay()):
            if more is not None:
                yield self._sent(more)

    async def _events(self) -> AsyncIterator[StreamItem]:
        while True:
            page = await asyncio.to_thread(
                self._room.desk.log.after,
                self._cursor,
                session_id=self._wish.session_id,
                limit=PAGE,
            )
            if page.missed:
                yield self._sent(StreamItem("missed", json.dumps({"after": self._cursor})))
            for entry in page.entries:
                yield self._sent(StreamItem("event", entry.body, entry.number))
            self._cursor = page.cursor
            if len(page.entries) < PAGE:
                return

    def _status(self) -> StreamItem | None:
        try:
            shown = self._shown()
        except NoSuchSession:
            return None
        now, state = time.monotonic(), (str(shown["state"]), str(shown["reason"]))
        if state == self._state and now - self._status_at < STATUS_S:
            return None
        self._state, self._status_at = state, now
        return StreamItem("status", json.dumps(shown))

    def _overlay(self) -> StreamItem | None:
        told = self._room.board.frame(self._wish.session_id) if self._wish.overlay else None
        if told is None or told is self._frame or told.late:
            return None
        self._frame = told
        try:
            catalog = self._room.desk.followed(self._room.catalog_of(told.session_id))()
        except (CatalogError, NoSuchSession):
            return None
        return StreamItem("overlay", json.dumps(overlay_json(told, catalog)))

    def _shown(self) -> dict[str, Any]:
        return {**self._room.show(self._wish.session_id, self._principal)}

    def _sent(self, item: StreamItem) -> StreamItem:
        self._sent_at = time.monotonic()
        return item
