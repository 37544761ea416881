"""What was found in a video file."""

from dataclasses import dataclass

from api.report import StageTiming
from matcher.appearance import AppearanceSummary


@dataclass(frozen=True, slots=True, eq=False)
class VideoOutcome:
    """What was found.

    Attributes:
        appearances: that are over, in the order in which they left; all are, at the end.
        frames: of the video.
        duration_s: of the video.
        elapsed_s: of the matching in this run.
        resumed_at: the frame with which this run went on; 0 when it began at the start.
        note: what was wrong with the file, in one sentence; None if nothing.
        timings: of the parts of the matching, in this run.
    """

    appearances: tuple[AppearanceSummary, ...]
    frames: int
    duration_s: float
    elapsed_s: float
    resumed_at: int
    note: str | None
    timings: tuple[StageTiming, ...]
