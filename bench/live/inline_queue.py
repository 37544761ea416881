"""The baseline of live matching: verification between frames, in the fast path's own thread."""

from matcher.live.verification_queue import Matches, QueueUpdate, Work


class InlineQueue:
    """Runs a verification when it is submitted; implements `VerificationQueue`.

    Every frame waits as long as a verification takes: here to be measured against.
    """

    def __init__(self) -> None:
        self._results: dict[str, Matches] = {}

    def submit(self, session_id: str, work: Work) -> None:
        """Run it now."""
        self._results[session_id] = work()

    def poll(self, session_id: str) -> QueueUpdate:
        """Return its result."""
        result = self._results.pop(session_id, None)
        return QueueUpdate(started=result is not None, result=result)

    def forget(self, session_id: str) -> None:
        """Drop its result."""
        self._results.pop(session_id, None)

    def close(self, timeout: float) -> bool:  # noqa: ARG002 -- nothing to wait for
        """End at once."""
        return True
