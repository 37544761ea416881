"""Records a live source for a test: every frame that can be taken, and every status."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from time import monotonic, sleep, time

from stream.frame import Frame
from stream.mailbox import Mailbox
from stream.sources import LiveSource
from stream.status import SourceState, SourceStatus

PATIENCE_S = 40.0


def wait_until(is_so: Callable[[], bool], seconds: float = PATIENCE_S) -> float:
    """Wait for a condition; fail after a while, else return how long it took in seconds."""
    begin = monotonic()
    while not is_so():
        waited = monotonic() - begin
        assert waited < seconds, f"nothing happened for {waited:.1f} s"
        sleep(0.01)
    return monotonic() - begin


class SourceRecorder:
    """Takes the frames of a source and records its statuses.

    Attributes:
        heard: every status reported.
        frames: number, media time, capture time and age of each frame taken; no pictures.
        last: the newest frame.
    """

    def __init__(self, source: LiveSource) -> None:
        self.source = source
        self.mailbox = Mailbox()
        self.heard: list[SourceStatus] = []
        self.frames: list[tuple[int, float, float, float]] = []
        self.last: Frame | None = None
        self._thread = Thread(target=self._take)

    @property
    def state(self) -> SourceState:
        return self.source.status.state

    @property
    def reason(self) -> str:
        return self.source.status.reason

    @property
    def ages(self) -> list[float]:
        return [age for *_, age in self.frames]

    def start(self) -> None:
        self._thread.start()
        self.source.start(self.mailbox, self.heard.append)

    def stop(self) -> float:
        """Stop the source; return the seconds it took."""
        begin = monotonic()
        self.source.stop()
        took = monotonic() - begin
        self.mailbox.close()
        self._thread.join(5)
        return took

    def wait_for(self, state: SourceState, seconds: float = PATIENCE_S) -> float:
        return wait_until(lambda: self.state is state, seconds)

    def wait_for_frames(self, count: int, seconds: float = PATIENCE_S) -> None:
        goal = len(self.frames) + count
        wait_until(lambda: len(self.frames) >= goal, seconds)

    def _take(self) -> None:
        while not self.mailbox.is_closed:
            frame = self.mailbox.take(0.2)
            if frame is not None:
                self.last = frame
                age = time() - frame.captured_at
                self.frames.append((frame.index, frame.media_time, frame.captured_at, age))


@contextmanager
def watching(source: LiveSource) -> Iterator[SourceRecorder]:
    """Start a source, and stop it at the end."""
    watch = SourceRecorder(source)
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()
