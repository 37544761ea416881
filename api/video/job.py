"""Matches a video file, draws the result and writes the report: `skulens video` and the demo."""

import json
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from api.drawing.annotator import Annotation, Annotator
from api.drawing.comparison import Square
from api.errors import Refused
from api.schemas.results import event_json, json_line, product_name
from api.services import PhotoFinder
from api.video.job_folder import job_folder
from api.video.outcome import VideoOutcome
from api.video.report import build_report
from api.video.report_page import write_report
from api.video.timing import TimedFinder
from catalog.snapshot import Catalog
from matcher.tracking.events import Event
from matcher.tracking.output import OverlayItem
from matcher.video.checkpoint import fingerprint
from matcher.video.files import JobFiles, read_overlays, read_summaries
from matcher.video.job import VideoJob
from stream.video.file import FileSource
from stream.video.writer import VideoWriter

OnStage = Callable[[str, int, int | None], None]
OnLine = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class VideoRequest:
    """A video to match, and the files to write.

    Attributes:
        video: any file that FFmpeg reads.
        events: JSON Lines of events; None for no such file.
        annotated: an MP4 with all matches drawn; None for no such file.
        report: an HTML page; None for no such file.
        force: overwrite existing files.
    """

    video: Path
    events: Path | None = None
    annotated: Path | None = None
    report: Path | None = None
    force: bool = False

    @property
    def outputs(self) -> tuple[Path, ...]:
        """The files to write."""
        return tuple(p for p in (self.events, self.annotated, self.report) if p is not None)


def match_video(
    request: VideoRequest,
    finder: PhotoFinder,
    catalog: Catalog,
    jobs: Path,
    *,
    on_stage: OnStage,
    on_line: OnLine,
    square: Square | None = None,
) -> VideoOutcome:
    """Match a video and write all outputs; blocks until they are written.

    If it is killed and called again, it resumes where it stopped and writes the same.

    Args:
        request: the video and the files to write.
        finder: finds products in pictures.
        catalog: snapshot.
        jobs: folder for the state of unfinished jobs.
        on_stage: called with the stage, frames done, and frames in all (None if unknown).
        on_line: called with every event as a line of JSON, from the video's start.
        square: frames the report's small pictures, once the matching is done.

    Raises:
        Refused: an output exists or cannot be written, or another process works at this job.
        stream.errors.StreamError: the video cannot be read or written.
        OSError: the disk failed.
    """
    refuse_same_file(request)
    with (
        closing(FileSource(request.video)) as source,
        job_folder(jobs, _key(request, catalog), request.outputs, force=request.force) as folder,
    ):
        files = JobFiles.inside(folder, request.events)
        outcome = _matched(request, source, finder, catalog, files, on_stage, on_line)
        if request.annotated is not None:
            _draw(request.annotated, source, catalog, files.frames, outcome, on_stage)
        if request.report is not None:
            on_stage("writing the report", 0, None)
            write_report(build_report(source, catalog, outcome), request.report, square)
        return outcome


def _key(request: VideoRequest, catalog: Catalog) -> str:
    """Return the identity of a job: the same video, catalog and events file."""
    events = "" if request.events is None else str(request.events.absolute())
    return json.dumps([*fingerprint(request.video), catalog.name, events])


def refuse_same_file(request: VideoRequest) -> None:
    """Check that no output would overwrite the video or another output.

    Raises:
        Refused: one would.
    """
    for number, path in enumerate(request.outputs):
        if path.exists() and request.video.exists() and path.samefile(request.video):
            raise Refused(f"{path} is the video itself; name another file to write")
        if path.absolute() in [other.absolute() for other in request.outputs[:number]]:
            raise Refused(f"{path} is named twice; give each output a file of its own")


def _matched(
    request: VideoRequest,
    source: FileSource,
    finder: PhotoFinder,
    catalog: Catalog,
    files: JobFiles,
    on_stage: OnStage,
    on_line: OnLine,
) -> VideoOutcome:
    timed = TimedFinder(finder)
    job = VideoJob(request.video, source, timed, catalog, files, event_line=event_line)
    started = time.perf_counter()
    frames, last_s = 0, 0.0
    for number, step in enumerate(job.run()):
        # A resumed job has earlier events in the file already; so are those of the first step.
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
    """Return an event as a line of JSON."""
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
        for frame, frame_notes in zip(source.frames(), read_overlays(notes), strict=False):
            annotations = [_annotation(note, catalog) for note in frame_notes.overlay]
            writer.write(annotator.draw(frame.image, annotations), frame.media_time)
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
