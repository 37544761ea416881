"""Wakes the event loop's readers when a thread has something new about live sessions."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Final

from api.live.events import EventLog
from matcher.live import FrameResult, Message

WAIT_S: Final = 1.0  # a closed log is noticed after that at the latest


class LiveNotifier:
    """The newest frame of every session, and a wake-up whenever anything is new."""

    def __init__(self, log: EventLog) -> None:
        """Watch a log; call it on the event loop."""
        self._loop = asyncio.get_running_loop()
        self._log = log
        self._changed = asyncio.Event()
        self._frames: dict[str, FrameResult] = {}
        self._is_closing = False
        self._thread = Thread(target=self._watch, name="watch the event log", daemon=True)
        self._thread.start()

    def __call__(self, message: Message) -> None:
        """Take a message of `SessionManager.listen`; from any thread, never blocks."""
        self._on_loop(lambda: self._note(message))

    def frame(self, session_id: str) -> FrameResult | None:
        """Return the newest frame of a running session; None before the first."""
        return self._frames.get(session_id)

    async def wait(self, most_s: float) -> None:
        """Wait until something is new, of any session; at most so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(most_s):
                await self._changed.wait()

    def close(self) -> None:
        """Watch no more; the log is closed by who opened it."""
        self._is_closing = True

    def _note(self, message: Message) -> None:
        if isinstance(message, FrameResult):
            self._frames[message.session_id] = message
        elif message.status.state.is_final:
            self._frames.pop(message.status.session_id, None)
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _on_loop(self, act: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody reads any more
            self._loop.call_soon_threadsafe(act)

    def _watch(self) -> None:
        cursor = self._log.last
        while not self._is_closing and not self._log.is_closed:
            page = self._log.wait(cursor, WAIT_S)
            if page.cursor != cursor:
                cursor = page.cursor
                self._on_loop(self._wake)
