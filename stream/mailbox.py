"""A queue of length one between a live source and its consumer: the newest frame wins."""

from collections.abc import Callable
from threading import Condition
from time import monotonic
from typing import Protocol

from stream.frame import Frame

# A decoded picture whose conversion to RGB waits until it is taken, so that a dropped one costs
# nothing. Returns None when it cannot be converted; that counts as dropped.
PendingFrame = Callable[[], Frame | None]


class Inbox(Protocol):
    """The side of a mailbox that a source sees."""

    def put(self, frame: Frame | PendingFrame) -> None:
        """Hand over a frame; never blocks."""


class Mailbox:
    """Holds the newest frame only; thread-safe, for one consumer.

    At any time `received` = `taken` + `dropped` + the frames in the slot (0 or 1).
    """

    def __init__(self, on_arrival: Callable[[], None] | None = None) -> None:
        """Make an empty mailbox.

        Args:
            on_arrival: called in the source's thread after each frame, and when the mailbox
                closes, so that one consumer can wait for many mailboxes; it must not block.
        """
        self._on_arrival = on_arrival or _ignore_arrival
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
        """Frames that were replaced, could not be converted, or were too late for `close`."""
        return self._dropped

    @property
    def taken(self) -> int:
        """Frames that the consumer took."""
        return self._taken

    @property
    def is_closed(self) -> bool:
        """Whether no more frames are accepted."""
        return self._is_closed

    @property
    def is_empty(self) -> bool:
        """Whether `take` would have to wait."""
        return self._slot is None

    def put(self, frame: Frame | PendingFrame) -> None:
        """Replace the frame in the slot; after `close` the new one is dropped."""
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
        """Take the newest frame; blocks for `timeout` seconds at most (None: without limit).

        Returns:
            The frame; None when the time is over or the mailbox is closed.
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
        """Drop the frame in the slot and end a running `take`; safe to call twice."""
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


def _ignore_arrival() -> None:
    """Do nothing: the consumer waits in `take`."""
