"""A video file matched, drawn and reported: what `skulens video` and the demo do."""

import json
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from api.drawing.annotator import Annotation, Annotator
from api.errors import Refused
from api.schemas.results import event_json, json_line, product_name
from api.services import PhotoFinder
from api.video.job_folder import job_folder
from api.video.outcome import VideoOutcome
from api.video.report import video_report
from api.video.report_page import write_report
from api.video.timing import TimedFinder
from catalog.snapshot import Catalog
from matcher.tracking.events import Event
from matcher.tracking.frame_matcher import OverlayItem
from matcher.video.job import JobFiles, VideoJob, fingerprint, read_overlays, read_summaries
from stream.video.file import FileSource
from stream.video.writer import VideoWriter

OnStage = Callable[[str, int, int | None], None]
OnLine = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class VideoOrder:
    """What to match and what to write.

    Attributes:
        video: any file that FFmpeg reads.
        events: JSON Lines; None for none.
        annotated: an MP4 with everything drawn; None for none.
        report: a page; None for none.
        force: overwrite what exists.
    """

    video: Path
    events: Path | None = None
    annotated: Path | None = None
    report: Path | None = None
    force: bool = False

    @property
    def outputs(self) -> tuple[Path, ...]:
        """Files to write."""
        return tuple(p for p in (self.events, self.annotated, self.report) if p is not None)


def match_video(
    order: VideoOrder,
    finder: PhotoFinder,
    catalog: Catalog,
    jobs: Path,
    *,
    on_stage: OnStage,
    on_line: OnLine,
) -> VideoOutcome:
    """Match a video and write what was ordered; blocks until everything is written.

    Killed and called again, it goes on where it stopped, and writes the same.

    Args:
        order: what to match and write.
        finder: finds products in pictures.
        catalog: snapshot.
        jobs: folder for what unfinished jobs keep.
        on_stage: called with what is being done, frames done and frames in all, None if unknown.
        on_line: called with every event as a line of JSON, from the video's start.

    Raises:
        Refused: an output exists, or cannot be written, or another process is at this job.
        stream.errors.StreamError: the video cannot be read or written.
        OSError: the disk refused.
    """
    refuse_same_file(order)
    with (
        closing(FileSource(order.video)) as source,
        job_folder(jobs, _key(order, catalog), order.outputs, force=order.force) as folder,
    ):
        files = JobFiles.inside(folder, order.events)
        outcome = _matched(order, source, finder, catalog, files, on_stage, on_line)
        if order.annotated is not None:
            _draw(order.annotated, source, catalog, files.frames, outcome, on_stage)
        if order.report is not None:
            on_stage("writing the report", 0, None)
            write_report(video_report(source, catalog, outcome), order.report)
        return outcome


def _key(order: VideoOrder, catalog: Catalog) -> str:
    """What makes two calls the same job: the same video, catalog and events file."""
    events = "" if order.events is None else str(order.events.absolute())
    return json.dumps([*fingerprint(order.video), catalog.name, events])


def refuse_same_file(order: VideoOrder) -> None:
    """Refuse outputs that would overwrite the video or each other.

    Raises:
        Refused: they would.
    """
    for number, path in enumerate(order.outputs):
        if path.exists() and order.video.exists() and path.samefile(order.video):
            raise Refused(f"{path} is the video itself; name another file to write")
        if path.absolute() in [other.absolute() for other in order.outputs[:number]]:
            raise Refused(f"{path} is named twice; give each output a file of its own")


def _matched(
    order: VideoOrder,
    source: FileSource,
    finder: PhotoFinder,
    catalog: Catalog,
    files: JobFiles,
    on_stage: OnStage,
    on_line: OnLine,
) -> VideoOutcome:
    timed = TimedFinder(finder)
    job = VideoJob(order.video, source, timed, catalog, files, event_line=event_line)
    started = time.perf_counter()
    frames, last_s = 0, 0.0
    for number, step in enumerate(job.steps()):
        # A job that goes on has earlier events in the file already; the first step's are there too.
        lines = _lines(files.events) if number == 0 else map(event_line, step.events)
        for line in lines:
            on_line(line)
        frames, last_s = step.frame_index + 1, step.media_time_s
        on_stage("matching", frames, source.frame_count_estimate)
    return VideoOutcome(
        appearances=tuple(read_summaries(files.appearances)),
        frames=frames,
        duration_s=last_s + 1 / source.frame_rate,
        elapsed_s=time.perf_counter() - started,
        resumed_at=job.started_at_frame,
        note=source.note,
        timings=timed.timings(),
    )


def event_line(event: Event) -> str:
    """An event as a line of JSON."""
    return json_line(event_json(event))


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def _draw(
    path: Path,
    source: FileSource,
    catalog: Catalog,
    notes: Path,
    outcome: VideoOutcome,
    on_stage: OnStage,
) -> None:
    annotator = Annotator(source.width, source.height)
    with VideoWriter(path, source.width, source.height, source.frame_rate) as writer:
        for frame, noted in zip(source.frames(), read_overlays(notes), strict=False):
            seen = [_annotation(note, catalog) for note in noted.notes]
            writer.write(annotator.draw(frame.image, seen), frame.media_time)
            on_stage("drawing", frame.index + 1, outcome.frames)


def _annotation(note: OverlayItem, catalog: Catalog) -> Annotation:
    return Annotation(
        box=note.box,
        outline=note.outline,
        label=product_name(note.product_id, catalog),
        probability=note.probability,
        verdict=note.verdict,
        track_id=note.track_id,
    )
