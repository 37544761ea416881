"""One slot between a live source and whoever looks at its frames: the newest frame wins."""

from collections.abc import Callable
from threading import Condition
from time import monotonic
from typing import Protocol

from stream.frame import Frame

# A decoded picture whose colours are converted only if somebody takes it: a dropped one costs
# nothing. None when it cannot be converted; that counts as dropped.
PendingFrame = Callable[[], Frame | None]


class Inbox(Protocol):
    """Where a source puts its frames."""

    def put(self, frame: Frame | PendingFrame) -> None:
        """Offer a frame; never blocks."""
        ...


class Mailbox:
    """Holds one frame, the newest; thread-safe, for one taker.

    At any time `received` = `taken` + `dropped` + what is in the slot (0 or 1).
    """

    def __init__(self, on_arrival: Callable[[], None] | None = None) -> None:
        """Make an empty one.

        Args:
            on_arrival: called in the putting thread after each frame, and when the mailbox
                closes, so that one taker can wait for many mailboxes; it must not block.
        """
        self._on_arrival = on_arrival or _nothing
        self._changed = Condition()
        self._slot: Frame | PendingFrame | None = None
        self._is_closed = False
        self._received = 0
        self._dropped = 0
        self._taken = 0

    @property
    def received(self) -> int:
        """Frames put so far."""
        return self._received

    @property
    def dropped(self) -> int:
        """Frames that a newer one replaced, that could not be converted, or left at the end."""
        return self._dropped

    @property
    def taken(self) -> int:
        """Frames handed out."""
        return self._taken

    @property
    def is_closed(self) -> bool:
        """Whether nothing comes any more."""
        return self._is_closed

    @property
    def is_empty(self) -> bool:
        """Whether `take` would have to wait."""
        return self._slot is None

    def put(self, frame: Frame | PendingFrame) -> None:
        """Put a frame in the place of the one before it; after `close` it is dropped."""
        with self._changed:
            self._received += 1
            if self._is_closed:
                self._dropped += 1
                return
            self._dropped += self._slot is not None
            self._slot = frame
            self._changed.notify()
        self._on_arrival()

    def take(self, timeout: float | None = None) -> Frame | None:
        """Take the newest frame, waiting for one at most `timeout` seconds (None: for ever).

        None means that the time is over or the mailbox closed.
        """
        deadline = None if timeout is None else monotonic() + timeout
        while (slot := self._wait(deadline)) is not None:
            frame = slot if isinstance(slot, Frame) else slot()
            with self._changed:
                self._taken += frame is not None
                self._dropped += frame is None
            if frame is not None:
                return frame
        return None

    def close(self) -> None:
        """Drop what is in the slot and wake whoever waits; safe to call twice."""
        with self._changed:
            self._is_closed = True
            self._dropped += self._slot is not None
            self._slot = None
            self._changed.notify_all()
        self._on_arrival()

    def _wait(self, deadline: float | None) -> Frame | PendingFrame | None:
        with self._changed:
            while self._slot is None and not self._is_closed:
                left = None if deadline is None else deadline - monotonic()
                if left is not None and left <= 0:
                    return None
                self._changed.wait(left)
            slot, self._slot = self._slot, None
            return slot


def _nothing() -> None:
    """Nobody wants to be woken."""
