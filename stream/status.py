"""The status of a live source that users see: its state, since when, and why."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from threading import Lock
from time import time


class SourceState(Enum):
    """States of a live source; the values are public."""

    CONNECTING = "connecting"
    """No picture has come yet."""
    LIVE = "live"
    """Pictures come."""
    STALLED = "stalled"
    """Connected, but no new picture comes, or always the same one."""
    RECONNECTING = "reconnecting"
    """The connection is lost, or could not be made; the next attempt follows."""
    FAILED = "failed"
    """It does not come back by itself."""
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


def to_sentence(clause: str) -> str:
    """Return a clause as a sentence: first letter upper case, one full stop."""
    return f"{clause[:1].upper()}{clause[1:].rstrip('.')}."


class StatusReporter:
    """Keeps the current status of one source and notifies a listener of changes, one at a time.

    Thread-safe. Starts as CONNECTING; a final state never changes. Counters change without a
    notification: the listener is called for a new state or reason only.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._notifying = Lock()
        self._listener: Callable[[SourceStatus], None] | None = None
        self._status = SourceStatus(SourceState.CONNECTING, "Not started yet.", time())

    @property
    def status(self) -> SourceStatus:
        """The newest status."""
        return self._status

    def listen(self, listener: Callable[[SourceStatus], None]) -> None:
        """Call this listener for changes from now on; it must not block."""
        self._listener = listener

    def report(self, state: SourceState, reason: str) -> None:
        """Change to a state for a reason; the same state and reason again change nothing."""
        with self._notifying:
            with self._lock:
                current = self._status
                if current.state.is_final or (current.state, current.reason) == (state, reason):
                    return
                self._status = replace(current, state=state, reason=reason, since=time())
            if self._listener is not None:
                self._listener(self._status)

    def count(self, *, corrupt: int | None = None, reconnects: int | None = None) -> None:
        """Set counters to new totals."""
        with self._lock:
            current = self._status
            self._status = replace(
                current,
                corrupt=current.corrupt if corrupt is None else corrupt,
                reconnects=current.reconnects if reconnects is None else reconnects,
            )
