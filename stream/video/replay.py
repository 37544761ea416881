"""A video file played as if it were a camera, at its own pace or another."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event, Lock, Thread, current_thread
from time import monotonic, time
from typing import Final

from stream.errors import SourceError, stranger
from stream.frame import Frame
from stream.mailbox import Inbox
from stream.sources import STOP_BOUND_S, StatusListener
from stream.status import SourceState, SourceStatus, StatusReporter, to_sentence
from stream.video.file import FileSource

END: Final = "The recording came to its end."


class RecordingSource:
    """Plays a video file as a live source; implements `stream.sources.LiveSource`.

    A frame's `captured_at` is the time at which it was due, so that a decoder that is too slow
    shows as age, exactly as a camera's delay does.
    """

    def __init__(
        self, path: Path, *, speed: float = 1.0, loop: bool = False, source_id: str | None = None
    ) -> None:
        """Open nothing yet; a file that cannot be read shows as FAILED.

        Args:
            path: any video file.
            speed: 1 plays at the file's own rate, 2 twice as fast; more than 0.
            loop: start again at the end; times and numbers continue.
            source_id: the source's name; the file's name if None.

        Raises:
            ValueError: the speed is not positive.
        """
        if speed <= 0:
            raise ValueError(f"a recording needs a speed above 0, not {speed}")
        self._path = path
        self._speed = speed
        self._loop = loop
        self._source_id = source_id or path.name
        self._reporter = StatusReporter()
        self._stopping = Event()
        self._starting = Lock()
        self._thread: Thread | None = None

    @property
    def source_id(self) -> str:
        """The given name, or the file's."""
        return self._source_id

    @property
    def status(self) -> SourceStatus:
        """The newest status."""
        return self._reporter.status

    def start(self, mailbox: Inbox, on_status: StatusListener) -> None:
        """Begin to play; returns at once."""
        self._reporter.listen(on_status)
        thread = Thread(target=self._run, args=(mailbox,), name=f"play {self._source_id}")
        with self._starting:
            if not self._stopping.is_set():
                thread.start()
                self._thread = thread

    def stop(self, timeout: float = STOP_BOUND_S) -> None:
        """End playing; blocks for at most `timeout` seconds."""
        self._stopping.set()
        with self._starting:
            thread = self._thread
        if thread is not None and thread is not current_thread():
            thread.join(timeout)
        self._reporter.report(SourceState.ENDED, "Stopped.")

    def _run(self, mailbox: Inbox) -> None:
        try:
            start = monotonic()  # a clock that is set changes no pace
            for frame in self._frames():
                due = start + frame.media_time / self._speed
                if self._stopping.wait(max(due - monotonic(), 0)):
                    return
                captured_at = time() - (monotonic() - due)
                mailbox.put(replace(frame, captured_at=captured_at))
                self._reporter.report(SourceState.LIVE, "Playing.")
            if not self._stopping.is_set():
                self._reporter.report(SourceState.ENDED, END)
        except SourceError as error:
            self._reporter.report(SourceState.FAILED, to_sentence(str(error)))
        except Exception as error:  # noqa: BLE001  (one guard at the boundary)
            self._reporter.report(SourceState.FAILED, to_sentence(stranger(error)))

    def _frames(self) -> Iterator[Frame]:
        """The file's frames, once or in a loop, with numbers and times that continue."""
        index, begin, last = 0, 0.0, 0.0
        source = FileSource(self._path, threads=1)
        while True:
            for frame in source.frames():
                last = begin + frame.media_time
                yield replace(frame, source_id=self._source_id, index=index, media_time=last)
                index += 1
            if not self._loop or self._stopping.is_set():
                return
            begin = last + 1 / source.frame_rate
