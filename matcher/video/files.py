"""The output files of a video job: text that can be cut back to a checkpoint and appended to."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from matcher.tracking.appearance import AppearanceSummary
from matcher.tracking.codec import from_record, recorded_as, to_record
from matcher.tracking.events import Event
from matcher.tracking.output import MatchedFrame, OverlayItem


@dataclass(frozen=True, slots=True)
class JobFiles:
    """Paths of what a job writes, all JSON.

    Attributes:
        events: JSON Lines, one event each.
        frames: JSON Lines, one frame's overlay each; see `read_overlays`.
        appearances: JSON Lines, one finished appearance each; see `read_summaries`.
        checkpoint: where the job stands; gone when it is done.
    """

    events: Path
    frames: Path
    appearances: Path
    checkpoint: Path

    @classmethod
    def inside(cls, directory: Path, events: Path | None = None) -> "JobFiles":
        """Return the usual names in a folder; the events may lie elsewhere."""
        return cls(
            directory / "events.jsonl" if events is None else events,
            directory / "frames.jsonl",
            directory / "appearances.jsonl",
            directory / "checkpoint.json",
        )

    def growing(self) -> dict[str, Path]:
        """Return the files that grow, by the names that a checkpoint knows them by."""
        return {"events": self.events, "frames": self.frames, "appearances": self.appearances}

    def reach(self, lengths: dict[str, int]) -> bool:
        """Return whether everything that a checkpoint counts on is still there."""
        paths = self.growing()
        return paths.keys() == lengths.keys() and all(
            path.exists() and path.stat().st_size >= lengths[name] for name, path in paths.items()
        )


@dataclass(frozen=True, slots=True, eq=False)
class FrameOverlay:
    """One line of a job's `frames` file.

    Attributes:
        frame_index: of the source.
        media_time_s: seconds.
        overlay: what there is to draw.
    """

    frame_index: int
    media_time_s: float
    overlay: tuple[OverlayItem, ...] = field(metadata=recorded_as("notes"))


class JobWriter:
    """Appends to the three files that grow."""

    def __init__(
        self, files: JobFiles, lengths: dict[str, int], event_line: Callable[[Event], str]
    ) -> None:
        """Open the files and cut them to the lengths of a checkpoint.

        Args:
            files: what to write.
            lengths: bytes to keep, by name; none for a new job.
            event_line: returns an event as one line of JSON, without a line break.

        Raises:
            OSError: the files cannot be written.
        """
        self._event_line = event_line
        self._files: dict[str, TextIO] = {}
        for name, path in files.growing().items():
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("a", encoding="utf-8", newline="\n")
            file.truncate(lengths.get(name, 0))
            self._files[name] = file

    def write(self, matched: MatchedFrame) -> None:
        """Append one frame."""
        self._line(
            "frames", FrameOverlay(matched.frame_index, matched.media_time_s, matched.overlay)
        )
        self.write_end(matched)

    def write_end(self, matched: MatchedFrame) -> None:
        """Append events and appearances without a frame."""
        for event in matched.events:
            self._files["events"].write(self._event_line(event) + "\n")
        for summary in matched.summaries:
            self._line("appearances", summary)
        if matched.events:
            self._files["events"].flush()  # somebody may be reading along

    def flush(self) -> dict[str, int]:
        """Bring everything to the disk; return the lengths in bytes."""
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
    """Yield what there is to draw, frame by frame, of a job that has ended.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such file.
    """
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield from_record(FrameOverlay, json.loads(line))


def read_summaries(path: Path) -> Iterator[AppearanceSummary]:
    """Yield the appearances of a job that has ended, in the order in which they left.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such file.
    """
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield from_record(AppearanceSummary, json.loads(line))
