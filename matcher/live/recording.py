"""Recordings of live sessions: the frames as they were taken, and all that the clock decided.

A folder: `session.json`, one line per frame in `taken.jsonl`, and one lossless picture each.
`replay` runs a recording offline, as fast as it goes; the events are the same.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Final

import cv2
import numpy as np

from matcher.live.errors import LiveError
from matcher.live.live_matcher import LiveMatcher, stamp_event
from matcher.live.region import FilteredFinder
from matcher.live.settings import SessionSettings
from matcher.live.verification_queue import Matches, QueueUpdate
from matcher.tracking.codec import from_record, recorded_as, to_record
from matcher.tracking.events import Event
from matcher.tracking.finder import CatalogT, Finder
from stream.frame import Frame

SESSION: Final = "session.json"
LINES: Final = "taken.jsonl"
FORMAT: Final = 1  # of session.json; another one is refused
WAITING: Final = 8  # frames between the fast path and the disk; a third of a second
MOST_FRAMES: Final = 5000  # of one recording; minutes, and a few gigabytes
_PNG: Final = (cv2.IMWRITE_PNG_COMPRESSION, 1)  # of 9: fast, for a live camera's pace


@dataclass(frozen=True, slots=True)
class RecordedSession:
    """The facts that hold for all frames of a recording.

    Attributes:
        session_id: as in the events.
        catalog: name.
        late_seconds: age from which events are late.
        settings: of the session.
    """

    session_id: str
    catalog: str
    late_seconds: float
    settings: SessionSettings


@dataclass(frozen=True, slots=True)
class RecordedFrame:
    """One frame that was taken, or a silence in which everything left.

    Attributes:
        source_id: of the frame.
        index: of the frame.
        media_time: of the frame, seconds.
        captured_at: of the frame, Unix seconds.
        index_version: of the catalog snapshot.
        started: whether the request before it was started.
        answered: whether a result came in.
        failed: whether the verification failed.
        emitted_at: Unix seconds.
        silent: no frame; everything in view left.
    """

    source_id: str
    index: int
    media_time: float
    captured_at: float
    index_version: int
    started: bool = field(metadata=recorded_as("begun"))
    answered: bool
    failed: bool
    emitted_at: float = field(metadata=recorded_as("told_at"))
    silent: bool = False

    @classmethod
    def of(
        cls,
        frame: Frame,
        index_version: int,
        update: QueueUpdate,
        emitted_at: float,
        *,
        silent: bool = False,
    ) -> "RecordedFrame":
        """Return the record of a processed frame, or of the silence after one."""
        return cls(
            frame.source_id, frame.index, frame.media_time, frame.captured_at, index_version,
            update.started, update.result is not None, update.failed, emitted_at, silent,
        )  # fmt: skip


class Recorder:
    """Writes a recording; a slow disk slows the fast path down, so that nothing is missing."""

    def __init__(
        self, folder: Path, session: RecordedSession, most_frames: int = MOST_FRAMES
    ) -> None:
        """Begin a recording.

        Raises:
            LiveError: the folder is not empty.
            OSError: it cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise LiveError(f"{folder} is not empty; name a new folder to record into")
        self._folder = folder
        record = {"format": FORMAT, "session": to_record(session)}
        (folder / SESSION).write_text(json.dumps(record), encoding="utf-8")
        self._most_frames = most_frames
        self._count = 0
        self._queue: Queue[tuple[RecordedFrame, Frame | None] | None] = Queue(WAITING)
        self._thread = Thread(target=self._write, name="recorder", daemon=True)
        self._thread.start()

    @property
    def full(self) -> bool:
        """Whether `most_frames` were written; what comes later is left out."""
        return self._count >= self._most_frames

    def add(self, recorded: RecordedFrame, frame: Frame | None) -> None:
        """Record a frame, or None for a silence; blocks while the disk is behind."""
        if not self.full:
            self._count += 1
            self._queue.put((recorded, frame))

    def close(self) -> None:
        """Write what is left and end; safe to call twice."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _write(self) -> None:
        with (self._folder / LINES).open("a", encoding="utf-8") as lines:
            number = 0
            while (item := self._queue.get()) is not None:
                recorded, frame = item
                if frame is not None:
                    picture = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
                    cv2.imwrite(str(_picture(self._folder, number)), picture, _PNG)
                lines.write(json.dumps(to_record(recorded)) + "\n")
                lines.flush()
                number += 1


def read_session(folder: Path) -> RecordedSession:
    """Return what a recording is of.

    Raises:
        LiveError: it is no recording, or a newer skulens made it.
    """
    try:
        record = json.loads((folder / SESSION).read_text(encoding="utf-8"))
        if record["format"] != FORMAT:
            raise LiveError(f"{folder} was recorded by another version of skulens")
        return from_record(RecordedSession, record["session"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LiveError(f"{folder} is no recording of a live session: {error}") from error


def read_frames(folder: Path) -> Iterator[tuple[RecordedFrame, Frame | None]]:
    """Yield the frames of a recording in order; None for a silence.

    Raises:
        LiveError: a line or picture is damaged.
    """
    with (folder / LINES).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            try:
                recorded = from_record(RecordedFrame, json.loads(line))
            except ValueError as error:
                raise LiveError(f"line {number + 1} of {folder / LINES} is damaged") from error
            yield recorded, None if recorded.silent else _read_frame(folder, number, recorded)


def replay(
    folder: Path, finder: Finder[CatalogT], catalog: Callable[[int], CatalogT]
) -> Iterator[Event]:
    """Yield the events of a recorded session; blocks while networks run.

    Args:
        folder: of the recording.
        finder: as it was in the session.
        catalog: returns the snapshot of an `index_version`.

    Raises:
        LiveError: it is no recording, or damaged.
    """
    session = read_session(folder)
    filtered = FilteredFinder(finder, session.settings.regions, session.settings.smallest)
    matcher = LiveMatcher(session.session_id, filtered, session.settings)
    result: Matches | None = None
    last: Frame | None = None
    for recorded, frame in read_frames(folder):
        snapshot = catalog(recorded.index_version)
        if recorded.started and (work := matcher.next_work()) is not None:
            result = work()
        if frame is None:
            matched = matcher.leave(snapshot)
        else:
            matched, last = matcher.advance(frame, snapshot, _update(recorded, result)), frame
        if matched is None or last is None:
            continue
        late, degraded = session.late_seconds, matcher.degraded
        for event in matched.events:
            yield stamp_event(event, last, recorded.emitted_at, late, degraded=degraded)


def _update(recorded: RecordedFrame, result: Matches | None) -> QueueUpdate:
    if not recorded.answered:
        return QueueUpdate(recorded.started, None, recorded.failed)
    arrived = () if recorded.failed or result is None else result
    return QueueUpdate(recorded.started, arrived, recorded.failed)


def _read_frame(folder: Path, number: int, recorded: RecordedFrame) -> Frame:
    path = _picture(folder, number)
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if picture is None:
        raise LiveError(f"{path} is missing or damaged")
    image = np.asarray(picture, np.uint8)
    return Frame(
        recorded.source_id, recorded.index, recorded.media_time, recorded.captured_at, image
    )


def _picture(folder: Path, number: int) -> Path:
    return folder / f"{number:06d}.png"
