"""What a user sees of a live source: its state, since when, and why."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from threading import Lock
from time import time


class SourceState(Enum):
    """States of a live source; the values are what interfaces show."""

    CONNECTING = "connecting"
    """No picture has come yet."""
    LIVE = "live"
    """Pictures come."""
    STALLED = "stalled"
    """Connected, but no new picture comes, or always the same one."""
    RECONNECTING = "reconnecting"
    """The connection is lost, or could not be made; the next attempt follows."""
    FAILED = "failed"
    """It will not come back by itself."""
    ENDED = "ended"
    """Stopped, or it came to its end."""

    @property
    def is_final(self) -> bool:
        """Whether no other state follows."""
        return self in (SourceState.FAILED, SourceState.ENDED)


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """The state of a live source at one moment.

    Attributes:
        state: see `SourceState`.
        reason: one sentence for people, without credentials.
        since: when the state or its reason began, Unix seconds.
        reconnects: how often the source came back so far.
        corrupt: how many packets or frames were damaged and dropped so far.
    """

    state: SourceState
    reason: str
    since: float
    reconnects: int = 0
    corrupt: int = 0


def as_sentence(clause: str) -> str:
    """A clause as a sentence for people."""
    return f"{clause[:1].upper()}{clause[1:].rstrip('.')}."


class StatusBoard:
    """The current status of one source; tells a listener about changes, one at a time.

    Thread-safe. After a final state nothing changes any more. Counters move silently: the
    listener hears of a new state or reason only.
    """

    def __init__(self) -> None:
        """Start as connecting, with nobody listening."""
        self._lock = Lock()
        self._telling = Lock()
        self._listener: Callable[[SourceStatus], None] | None = None
        self._status = SourceStatus(SourceState.CONNECTING, "Not started yet.", time())

    @property
    def status(self) -> SourceStatus:
        """The newest status."""
        return self._status

    def listen(self, listener: Callable[[SourceStatus], None]) -> None:
        """Tell this listener about changes from now on; it must not block."""
        self._listener = listener

    def show(self, state: SourceState, reason: str) -> None:
        """Change to a state for a reason; the same state and reason again change nothing."""
        with self._telling:
            with self._lock:
                now = self._status
                if now.state.is_final or (now.state, now.reason) == (state, reason):
                    return
                self._status = replace(now, state=state, reason=reason, since=time())
            if self._listener is not None:
                self._listener(self._status)

    def count(self, *, corrupt: int | None = None, reconnects: int | None = None) -> None:
        """Set counters to new totals."""
        with self._lock:
            now = self._status
            self._status = replace(
                now,
                corrupt=now.corrupt if corrupt is None else corrupt,
                reconnects=now.reconnects if reconnects is None else reconnects,
            )
