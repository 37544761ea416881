"""The baseline of live matching: verification between frames, in the fast path's own thread."""

from typing_extensions import override

from matcher.live.verification_queue import Matches, QueueUpdate, VerificationQueue, Work


class InlineQueue(VerificationQueue):
    """Runs a verification when it is submitted.

    Every frame waits as long as a verification takes: here to be measured against.
    """

    def __init__(self) -> None:
        super().__init__()
        self._results: dict[str, Matches] = {}

    @override
    def submit(self, session_id: str, work: Work) -> None:
        """Run it now."""
        self._results[session_id] = work()

    @override
    def poll(self, session_id: str) -> QueueUpdate:
        """Return its result."""
        result = self._results.pop(session_id, None)
        return QueueUpdate(started=result is not None, result=result)
