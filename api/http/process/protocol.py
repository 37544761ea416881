"""HTTP/1.1 for strangers: nobody holds a connection without asking for something."""

import asyncio
import logging
from typing import Any, Final

import h11
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.http.process.connections import ConnectionTable

_logger: Final = logging.getLogger(__name__)

CLOSED: Final = "connections without a whole request in time, or too many, were closed"


class PatientProtocol(H11Protocol):
    """uvicorn's protocol with limits of time and number, which it lacks before a request.

    The headers of a request have to come within a bound, however slowly their bytes do; so has
    what is left of a body that nobody reads, and an answer has to be taken. Each worker's table
    bounds the number of connections.
    """

    def __init__(self, table: ConnectionTable, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self._table = table
        self._waits = True
        self._limit: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    def give_up(self) -> None:
        """End the connection at once."""
        _logger.warning(CLOSED)
        self.transport.abort()

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._limit_wait()
        self._table.enter(self, (self.client or ("", 0))[0])

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        if self._waits and self._limit is None:  # the first bytes after an answer
            self._limit_wait()
        super().data_received(data)
        self._note_work()

    @override
    def on_response_complete(self) -> None:
        if not self.transport.is_closing():
            self._waits = True
            self._table.wait(self)
            if self.conn.their_state is h11.SEND_BODY:
                self._limit_wait()
        super().on_response_complete()
        self._note_work()

    @override
    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._leave()
        super().handle_websocket_upgrade(event)

    @override
    def send_400_response(self, msg: str) -> None:
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.abort()  # an answer is under way, or given
            return
        super().send_400_response(msg)
        if self.cycle is not None:  # nothing else may follow this answer
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self.loop.call_later(self._table.bounds.stalled_s, self.give_up)

    @override
    def resume_writing(self) -> None:
        _cancel(self._stalled)
        super().resume_writing()

    def _note_work(self) -> None:
        if self._waits and bool(self.cycle) and not self.cycle.response_complete:
            self._waits = False
            _cancel(self._limit)
            self._limit = None
            self._table.work(self)

    def _limit_wait(self) -> None:
        _cancel(self._limit)
        self._limit = self.loop.call_later(self._table.bounds.headers_s, self.give_up)

    def _leave(self) -> None:
        self._waits = False
        _cancel(self._limit)
        _cancel(self._stalled)
        self._table.leave(self)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
