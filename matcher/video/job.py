"""Match a video file from start to end, and go on from the last checkpoint after a kill.

A first pass finds products and writes JSON Lines; pictures are drawn in a second pass from these
(`read_overlays`). Text can be cut back to a checkpoint and appended to; an mp4 cannot.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Generic, Protocol

from matcher.tracking.events import Event
from matcher.tracking.finder import CatalogT, Finder
from matcher.tracking.frame_matcher import FrameMatcher
from matcher.tracking.output import MatchedFrame
from matcher.tracking.state import FrameMatcherSettings, SessionInfo
from matcher.video.checkpoint import JobCheckpoint, JobIdentity, fingerprint
from matcher.video.files import JobFiles, JobWriter
from stream.frame import Frame
from stream.video.decoder import SeekPoint

CHECKPOINT_SECONDS: Final = 5.0  # of media time; what a kill costs at most


class SeekableSource(Protocol):
    """A file that can be read on from a frame; `stream.video.file.FileSource` is one."""

    def frames(self, start_index: int = 0, seek_point: SeekPoint | None = None) -> Iterator[Frame]:
        """Yield every frame from a number on, numbered and timed as in a reading from the start."""

    def seek_point(self, index: int) -> SeekPoint | None:
        """Return the last known place at or before a frame to resume from."""


class VideoJob(Generic[CatalogT]):
    """One video file matched against one catalog snapshot.

    Attributes:
        started_at_frame: 0, or the frame with which `run` went on.
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
            event_line: returns an event as one line of JSON, without a line break.
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
        self._matcher = FrameMatcher(finder, session, settings)
        self._identity = JobIdentity(
            size, digest, catalog.name, catalog.index_version, session, self._matcher.settings
        )
        self.started_at_frame = 0

    def run(self) -> Iterator[MatchedFrame]:
        """Match frame by frame, from the last checkpoint if there is one; blocks meanwhile.

        A frame's outcome is in the files, though not yet safe on the disk, when it is yielded.

        Raises:
            OSError: the files cannot be written.
            stream.errors.SourceError: the video cannot be read.
        """
        resumed = self._resume()
        lengths = {} if resumed is None else resumed.lengths
        writer = JobWriter(self._files, lengths, self._event_line)
        try:
            yield from self._match_frames(writer, resumed)
        finally:
            writer.close()
        self._files.checkpoint.unlink(missing_ok=True)

    def _resume(self) -> JobCheckpoint | None:
        saved = JobCheckpoint.load(self._files.checkpoint)
        if saved is None or saved.identity != self._identity:
            return None
        if not self._files.reach(saved.lengths):
            return None
        self._matcher.state = saved.state
        self.started_at_frame = saved.next_index
        return saved

    def _match_frames(
        self, writer: JobWriter, resumed: JobCheckpoint | None
    ) -> Iterator[MatchedFrame]:
        frames = self._source.frames(
            self.started_at_frame, None if resumed is None else resumed.seek_point
        )
        saved_at = self._matcher.state.media_time_s
        for frame in frames:
            matched = self._matcher.match_frame(frame, self._catalog)
            writer.write(matched)
            yield matched
            if frame.media_time - saved_at >= self._checkpoint_seconds:
                self._save(writer, frame.index + 1)
                saved_at = frame.media_time
        last = self._matcher.finish(self._catalog)
        writer.write_end(last)
        yield last

    def _save(self, writer: JobWriter, next_index: int) -> None:
        JobCheckpoint(
            self._identity,
            self._matcher.state,
            next_index,
            self._source.seek_point(next_index),
            writer.flush(),
        ).save(self._files.checkpoint)
