"""A session's frames as they were taken, and all that the clock decided about them.

A folder: `session.json`, one line per frame in `taken.jsonl`, and one lossless picture each.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
from matcher.tracking.codec import from_record, to_record
from matcher.tracking.events import Event
from matcher.tracking.frame_matcher import CatalogT, Finder, MatchedFrame
from stream.frame import Frame

SESSION: Final = "session.json"
LINES: Final = "taken.jsonl"
FORMAT: Final = 1
WAITING: Final = 8  # frames between the first lane and the disk
_PNG: Final = (cv2.IMWRITE_PNG_COMPRESSION, 1)


@dataclass(frozen=True, slots=True)
class RecordedSession:
    """What does not change.

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
        index: likewise.
        media_time: likewise.
        captured_at: likewise.
        index_version: of the catalog snapshot.
        begun: whether the look wanted before it was taken up.
        answered: whether an answer came in.
        failed: whether the look broke.
        told_at: Unix seconds.
        silent: no frame; everything in view left.
    """

    source_id: str
    index: int
    media_time: float
    captured_at: float
    index_version: int
    begun: bool
    answered: bool
    failed: bool
    told_at: float
    silent: bool = False

    @classmethod
    def of(
        cls,
        frame: Frame,
        index_version: int,
        news: QueueUpdate,
        told_at: float,
        *,
        silent: bool = False,
    ) -> "RecordedFrame":
        """A frame that was processed, or after which it fell silent."""
        return cls(
            frame.source_id, frame.index, frame.media_time, frame.captured_at, index_version,
            news.begun, news.answer is not None, news.failed, told_at, silent,
        )  # fmt: skip


class Recorder:
    """Writes a recording; a slow disk slows the first lane down, so that nothing is missing.

    Attributes:
        full: whether `most_frames` were written; what comes later is left out.
    """

    def __init__(self, folder: Path, session: RecordedSession, most_frames: int = 5000) -> None:
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
        """Whether the recording has all the frames it may have."""
        return self._count >= self._most_frames

    def add(self, taken: RecordedFrame, frame: Frame | None) -> None:
        """Record a frame, or None for a silence; blocks while the disk is behind."""
        if not self.full:
            self._count += 1
            self._queue.put((taken, frame))

    def close(self) -> None:
        """Write what is left and end; safe to call twice."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _write(self) -> None:
        with (self._folder / LINES).open("a", encoding="utf-8") as lines:
            number = 0
            while (item := self._queue.get()) is not None:
                taken, frame = item
                if frame is not None:
                    picture = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
                    cv2.imwrite(str(_picture(self._folder, number)), picture, _PNG)
                lines.write(json.dumps(to_record(taken)) + "\n")
                lines.flush()
                number += 1


def read_session(folder: Path) -> RecordedSession:
    """What a recording is of.

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
    """The frames of a recording in order; None for a silence.

    Raises:
        LiveError: a line or picture is damaged.
    """
    with (folder / LINES).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            try:
                taken = from_record(RecordedFrame, json.loads(line))
            except ValueError as error:
                raise LiveError(f"line {number + 1} of {folder / LINES} is damaged") from error
            yield taken, None if taken.silent else _frame(folder, number, taken)


def _frame(folder: Path, number: int, taken: RecordedFrame) -> Frame:
    path = _picture(folder, number)
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if picture is None:
        raise LiveError(f"{path} is missing or damaged")
    image = np.asarray(picture, np.uint8)
    return Frame(taken.source_id, taken.index, taken.media_time, taken.captured_at, image)


def _picture(folder: Path, number: int) -> Path:
    return folder / f"{number:06d}.png"


def replay(
    folder: Path, finder: Finder[CatalogT], catalog: Callable[[int], CatalogT]
) -> Iterator[Event]:
    """The events of a recorded session; blocks while networks run.

    Args:
        folder: of the recording.
        finder: as it was in the session.
        catalog: the snapshot of an `index_version`.

    Raises:
        LiveError: it is no recording, or damaged.
    """
    session = read_session(folder)
    filtered = FilteredFinder(finder, session.settings.regions, session.settings.smallest)
    matching = LiveMatcher(session.session_id, filtered, session.settings)
    running: Matches | None = None
    last: Frame | None = None
    for taken, frame in read_frames(folder):
        now = catalog(taken.index_version)
        if taken.begun and (wanted := matching.wanted()) is not None:
            running = wanted()
        step: MatchedFrame | None
        if frame is None:
            step = matching.leave(now)
        else:
            step, last = matching.advance(frame, now, _news(taken, running)), frame
        if step is None or last is None:
            continue
        late, degraded = session.late_seconds, matching.degraded
        for event in step.events:
            yield stamp_event(event, last, taken.told_at, late, degraded=degraded)


def _news(taken: RecordedFrame, running: Matches | None) -> QueueUpdate:
    answer = None
    if taken.answered:
        answer = () if taken.failed or running is None else running
    return QueueUpdate(taken.begun, answer, taken.failed)
