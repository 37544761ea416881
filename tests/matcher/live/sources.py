"""Sources that do what a test tells them, without threads of their own."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic, sleep, time

from stream.frame import Frame
from stream.mailbox import Inbox
from stream.sources import StatusListener
from stream.status import SourceState, SourceStatus, StatusReporter
from tests.matcher.world import World


class HandSource:
    """Puts the frames that a test gives it."""

    def __init__(self, source_id: str = "hand") -> None:
        self._source_id = source_id
        self._reporter = StatusReporter()
        self._inbox: Inbox | None = None
        self.stops = 0

    @property
    def source_id(self) -> str:
        return self._source_id

    @property
    def status(self) -> SourceStatus:
        return self._reporter.status

    def start(self, mailbox: Inbox, on_status: StatusListener) -> None:
        self._reporter.listen(on_status)
        self._inbox = mailbox

    def stop(self, timeout: float = 2.0) -> None:  # noqa: ARG002 -- it is always quick
        self.stops += 1
        self._reporter.report(SourceState.ENDED, "Stopped.")

    def show(self, state: SourceState, reason: str = "So it is.") -> None:
        self._reporter.report(state, reason)

    def put(self, frame: Frame, *, age_s: float = 0.0) -> None:
        assert self._inbox is not None
        self._inbox.put(replace(frame, captured_at=time() - age_s))


@dataclass
class WorldFilm:
    """Plays a world into a source, each frame when the last one was served."""

    world: World
    source: HandSource
    processed: Callable[[], int]
    index: int = 0

    def play(self, seconds: float) -> None:
        for _ in range(int(seconds * self.world.rate)):
            before = self.processed()
            self.source.put(self.world.frame(self.index))
            self.index += 1
            wait_until(lambda before=before: self.processed() > before)  # type: ignore[misc]


def wait_until(is_so: Callable[[], bool], seconds: float = 10.0) -> None:
    """Until something that another thread brings about is so."""
    until = monotonic() + seconds
    while not is_so():
        assert monotonic() < until, "it did not come to that"
        sleep(0.002)
