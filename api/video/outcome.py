"""What was found in a video file."""

from dataclasses import dataclass

from api.video.report_page import StageTiming
from client.records import SeenJson, VideoResultJson
from matcher.tracking.appearance import AppearanceSummary


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


def video_result(outcome: VideoOutcome, *, is_annotated: bool) -> VideoResultJson:
    """What was found in a video."""
    return {
        "frames": outcome.frames,
        "duration_s": round(outcome.duration_s, 3),
        "elapsed_s": round(outcome.elapsed_s, 3),
        "resumed_at": outcome.resumed_at,
        "note": outcome.note,
        "annotated": is_annotated,
        "appearances": [_seen(one) for one in outcome.appearances],
    }


def _seen(one: AppearanceSummary) -> SeenJson:
    check = one.best.match.verification if one.best is not None else None
    return {
        "appearance_id": one.appearance_id,
        "product_id": one.answer.product_id,
        "verdict": str(one.answer.verdict),
        "probability": round(float(one.answer.probability), 4),
        "from_s": round(one.first.media_time_s, 3),
        "to_s": round(one.last.media_time_s, 3),
        "inliers": 0 if check is None else int(check.inliers),
    }
