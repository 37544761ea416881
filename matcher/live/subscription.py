"""The messages that one reader of the live sessions has not read yet; bounded."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition
from typing import Final

from matcher.live.messages import FrameResult, Message, SessionStatus
from matcher.tracking.events import Event

MOST_EVENTS: Final = 1024  # waiting for one reader: minutes of a busy shop


@dataclass(frozen=True, slots=True, eq=False)
class MessageBatch:
    """The messages that have come since the last time.

    Attributes:
        events: in order.
        missed: events that were lost before these, because the reader was too slow.
        changed: the newest status of each session whose state changed.
        newest: per session, the newest frame result.
    """

    events: tuple[Event, ...]
    missed: int
    changed: tuple[SessionStatus, ...]
    newest: tuple[FrameResult, ...]


class LiveSubscription:
    """Collects messages for one reader of any speed; thread-safe.

    Events queue up to a bound and are then lost, oldest first, and counted; of everything else
    only the newest counts. Who must not miss an event reads the event log instead.
    """

    def __init__(self, most_events: int = MOST_EVENTS) -> None:
        self._changed = Condition()
        self._events: deque[Event] = deque()
        self._most_events = most_events
        self._missed = 0
        self._statuses: dict[str, SessionStatus] = {}
        self._newest: dict[str, FrameResult] = {}
        self._unlisten: Callable[[], None] | None = None
        self._closed = False

    def connect(self, listen: Callable[[Callable[[Message], None]], Callable[[], None]]) -> None:
        """Receive messages from now until it is closed.

        Args:
            listen: `SessionManager.listen`.
        """
        self._unlisten = listen(self.put)

    def put(self, message: Message) -> None:
        """Add a message; never blocks for long."""
        with self._changed:
            if isinstance(message, FrameResult):
                self._newest[message.session_id] = message
                self._events.extend(message.events)
                while len(self._events) > self._most_events:
                    self._events.popleft()
                    self._missed += 1
            else:
                self._statuses[message.status.session_id] = message.status
                if message.status.state.is_final:
                    self._newest.pop(message.status.session_id, None)
            self._changed.notify_all()

    def take(self, timeout: float | None = None) -> MessageBatch | None:
        """Return everything that came since, waiting for it at most `timeout` seconds.

        None means that the time is over or the subscription is closed.
        """
        with self._changed:
            self._changed.wait_for(self._is_ready, timeout)
            if not (self._events or self._statuses or self._newest):
                return None
            batch = MessageBatch(
                tuple(self._events),
                self._missed,
                tuple(self._statuses.values()),
                tuple(self._newest.values()),
            )
            self._events.clear()
            self._statuses.clear()
            self._newest.clear()
            self._missed = 0
            return batch

    @property
    def is_closed(self) -> bool:
        """Whether nothing more comes."""
        return self._closed

    def close(self) -> None:
        """Take nothing more and wake the reader; safe to call twice."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._unlisten is not None:
            self._unlisten()

    def _is_ready(self) -> bool:
        return bool(self._events or self._statuses or self._newest or self._closed)
