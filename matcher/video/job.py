"""Matches a video file from start to end, and goes on where it stopped when it was killed.

A first pass finds products and writes what it says as JSON Lines; pictures are drawn in a second
pass from these (`read_overlays`). Text can be cut back to a checkpoint and appended to; an mp4
cannot.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, Protocol, TextIO

from matcher.tracking.appearance import AppearanceSummary
from matcher.tracking.codec import from_record, to_record
from matcher.tracking.events import Event
from matcher.tracking.frame_matcher import (
    CatalogT,
    Finder,
    FrameMatcher,
    FrameMatcherSettings,
    FrameMatcherState,
    MatchedFrame,
    OverlayItem,
    SessionInfo,
)
from stream.frame import Frame
from stream.video.decoder import SeekPoint

END_BYTES: Final = 1 << 20  # of the file's start and end, which tell it from others


@dataclass(frozen=True, slots=True)
class JobIdentity:
    """What a job does; a checkpoint of another assignment is of no use.

    Attributes:
        size: bytes of the input file.
        sha256: of its size, first and last megabyte, hex.
        catalog: name.
        index_version: journal number of the snapshot.
        session: id and start, which are in every event.
        settings: thresholds.
    """

    size: int
    sha256: str
    catalog: str
    index_version: int
    session: SessionInfo
    settings: FrameMatcherSettings


@dataclass(frozen=True, slots=True)
class JobCheckpoint:
    """A job between two frames.

    Attributes:
        assignment: what the job does.
        engine: what the frames so far have left behind.
        next_index: number of the frame to go on with.
        seek_point: where reading can go on without decoding from the start.
        lengths: bytes of each output file that belong to the frames so far.
    """

    assignment: JobIdentity
    engine: FrameMatcherState
    next_index: int
    seek_point: SeekPoint | None
    lengths: dict[str, int]

    def save(self, path: Path) -> None:
        """Replace the file; after a crash it is the old one or the new one.

        Raises:
            OSError: the folder cannot be written.
        """
        fresh = path.with_name(path.name + ".new")
        with fresh.open("w", encoding="ascii") as file:
            json.dump(to_record(self), file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)

    @classmethod
    def load(cls, path: Path) -> "JobCheckpoint | None":
        """The saved one; None when there is none or it was written by another version."""
        try:
            return from_record(cls, json.loads(path.read_text(encoding="ascii")))
        except (FileNotFoundError, ValueError):
            return None


def fingerprint(path: Path) -> tuple[int, str]:
    """Size in bytes, and sha256 of the size and both ends, hex.

    Raises:
        OSError: the file cannot be read.
    """
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode("ascii"))
    with path.open("rb") as file:
        digest.update(file.read(END_BYTES))
        file.seek(max(size - END_BYTES, 0))
        digest.update(file.read(END_BYTES))
    return size, digest.hexdigest()


CHECKPOINT_SECONDS: Final = 5.0


class SeekableSource(Protocol):
    """A file that can be read on from a frame; `stream.video.file.FileSource` is one."""

    def frames(self, start_index: int = 0, seek_point: SeekPoint | None = None) -> Iterator[Frame]:
        """Every frame from a number on, numbered and timed as in a reading from the start."""
        ...

    def seek_point(self, index: int) -> SeekPoint | None:
        """The last known place at or before a frame to resume from."""
        ...


@dataclass(frozen=True, slots=True)
class JobFiles:
    """What a job writes, all JSON.

    Attributes:
        events: JSON Lines, one event each.
        frames: JSON Lines, one frame's notes each; see `read_overlays`.
        appearances: JSON Lines, one finished appearance each; see `read_summaries`.
        checkpoint: where the job stands; gone when it is done.
    """

    events: Path
    frames: Path
    appearances: Path
    checkpoint: Path

    @classmethod
    def inside(cls, directory: Path, events: Path | None = None) -> "JobFiles":
        """The usual names in a folder; the events may lie elsewhere."""
        return cls(
            directory / "events.jsonl" if events is None else events,
            directory / "frames.jsonl",
            directory / "appearances.jsonl",
            directory / "checkpoint.json",
        )


@dataclass(frozen=True, slots=True, eq=False)
class FrameOverlay:
    """One line of a job's `frames` file.

    Attributes:
        frame_index: of the source.
        media_time_s: seconds.
        notes: what there is to draw.
    """

    frame_index: int
    media_time_s: float
    notes: tuple[OverlayItem, ...]


class VideoJob(Generic[CatalogT]):
    """One video file matched against one catalog snapshot.

    Attributes:
        started_at_frame: 0, or the frame with which `steps` went on.
    """

    def __init__(
        self,
        path: Path,
        source: SeekableSource,
        finder: Finder[CatalogT],
        catalog: CatalogT,
        files: JobFiles,
        *,
        event_line: Callable[[Event], str],
        settings: FrameMatcherSettings | None = None,
        checkpoint_seconds: float = CHECKPOINT_SECONDS,
    ) -> None:
        """Prepare a job; nothing is written yet.

        Args:
            path: the video file.
            source: reads it.
            finder: finds products in one picture.
            catalog: snapshot, the same until the end.
            files: what to write; kept and continued if they belong to this very job.
            event_line: an event as one line of JSON, without a line break.
            settings: thresholds.
            checkpoint_seconds: of media time.

        Raises:
            OSError: the file cannot be read.
        """
        size, digest = fingerprint(path)
        # Not the time of day: the same file gives the same events, whenever it is matched.
        session = SessionInfo(f"video-{digest[:12]}", path.stat().st_mtime)
        self._source = source
        self._catalog = catalog
        self._files = files
        self._event_line = event_line
        self._checkpoint_seconds = checkpoint_seconds
        self._engine = FrameMatcher(finder, session, settings)
        self._assignment = JobIdentity(
            size, digest, catalog.name, catalog.index_version, session, self._engine.settings
        )
        self.started_at_frame = 0

    def steps(self) -> Iterator[MatchedFrame]:
        """Match frame by frame, from the last checkpoint if there is one; blocks meanwhile.

        What a step says is in the files, though not yet safe on the disk, when it is yielded.

        Raises:
            OSError: the files cannot be written.
            stream.errors.SourceError: the video cannot be read.
        """
        resumed = self._resume()
        lengths = {} if resumed is None else resumed.lengths
        outputs = _Outputs(self._files, lengths, self._event_line)
        try:
            yield from self._run(outputs, resumed)
        finally:
            outputs.close()
        self._files.checkpoint.unlink(missing_ok=True)

    def _resume(self) -> JobCheckpoint | None:
        saved = JobCheckpoint.load(self._files.checkpoint)
        if saved is None or saved.assignment != self._assignment:
            return None
        if not _Outputs.reach(self._files, saved.lengths):
            return None
        self._engine.state = saved.engine
        self.started_at_frame = saved.next_index
        return saved

    def _run(self, outputs: "_Outputs", resumed: JobCheckpoint | None) -> Iterator[MatchedFrame]:
        frames = self._source.frames(
            self.started_at_frame, None if resumed is None else resumed.seek_point
        )
        saved_at = self._engine.state.media_time_s
        for frame in frames:
            step = self._engine.step(frame, self._catalog)
            outputs.write(step)
            yield step
            if frame.media_time - saved_at >= self._checkpoint_seconds:
                self._save(outputs, frame.index + 1)
                saved_at = frame.media_time
        last = self._engine.finish(self._catalog)
        outputs.write_end(last)
        yield last

    def _save(self, outputs: "_Outputs", next_index: int) -> None:
        JobCheckpoint(
            self._assignment,
            self._engine.state,
            next_index,
            self._source.seek_point(next_index),
            outputs.flush(),
        ).save(self._files.checkpoint)


class _Outputs:
    """The three files that grow."""

    def __init__(
        self, files: JobFiles, lengths: dict[str, int], event_line: Callable[[Event], str]
    ) -> None:
        self._event_line = event_line
        self._files: dict[str, TextIO] = {}
        for name, path in _growing(files).items():
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("a", encoding="utf-8", newline="\n")
            file.truncate(lengths.get(name, 0))
            self._files[name] = file

    @staticmethod
    def reach(files: JobFiles, lengths: dict[str, int]) -> bool:
        """Whether everything that a checkpoint counts on is still there."""
        paths = _growing(files)
        return paths.keys() == lengths.keys() and all(
            path.exists() and path.stat().st_size >= lengths[name] for name, path in paths.items()
        )

    def write(self, step: MatchedFrame) -> None:
        """Append one frame."""
        self._line("frames", FrameOverlay(step.frame_index, step.media_time_s, step.notes))
        self.write_end(step)

    def write_end(self, step: MatchedFrame) -> None:
        """Append events and appearances without a frame."""
        for event in step.events:
            self._files["events"].write(self._event_line(event) + "\n")
        for summary in step.summaries:
            self._line("appearances", summary)
        if step.events:
            self._files["events"].flush()  # somebody may be reading along

    def flush(self) -> dict[str, int]:
        """Bring everything to the disk; the lengths in bytes."""
        for file in self._files.values():
            file.flush()
            os.fsync(file.fileno())
        return {name: os.fstat(file.fileno()).st_size for name, file in self._files.items()}

    def close(self) -> None:
        """Write out and close."""
        for file in self._files.values():
            file.close()

    def _line(self, name: str, value: FrameOverlay | AppearanceSummary) -> None:
        self._files[name].write(json.dumps(to_record(value), separators=(",", ":")) + "\n")


def read_overlays(path: Path) -> Iterator[FrameOverlay]:
    """What there is to draw, frame by frame, of a job that has ended.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such file.
    """
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield from_record(FrameOverlay, json.loads(line))


def read_summaries(path: Path) -> Iterator[AppearanceSummary]:
    """The appearances of a job that has ended, in the order in which they left.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such file.
    """
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield from_record(AppearanceSummary, json.loads(line))


def _growing(files: JobFiles) -> dict[str, Path]:
    return {"events": files.events, "frames": files.frames, "appearances": files.appearances}
