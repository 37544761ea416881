"""Where a video job stands, in one file that is replaced as a whole."""

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from matcher.tracking.codec import from_record, recorded_as, to_record
from matcher.tracking.state import FrameMatcherSettings, FrameMatcherState, SessionInfo
from stream.video.decoder import SeekPoint

END_BYTES: Final = 1 << 20  # of the file's start and end, which tell it from others


@dataclass(frozen=True, slots=True)
class JobIdentity:
    """Everything that tells one job from another; another job's checkpoint is of no use.

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
        identity: what the job does.
        state: what the frames so far have left behind.
        next_index: number of the frame to go on with.
        seek_point: where reading can go on without decoding from the start.
        lengths: bytes of each output file that belong to the frames so far.
    """

    identity: JobIdentity = field(metadata=recorded_as("assignment"))
    state: FrameMatcherState = field(metadata=recorded_as("engine"))
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
        """Return the saved one; None when there is none or another version wrote it."""
        try:
            return from_record(cls, json.loads(path.read_text(encoding="ascii")))
        except (FileNotFoundError, ValueError):
            return None


def fingerprint(path: Path) -> tuple[int, str]:
    """Return a file's size in bytes, and the sha256 of its size and both ends, hex.

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
