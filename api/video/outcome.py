"""The outcome of matching a video file, and its JSON."""

from dataclasses import dataclass

from api.video.report_page import StageTiming
from client.records import SeenJson, VideoResultJson
from matcher.tracking.appearance import AppearanceSummary


@dataclass(frozen=True, slots=True, eq=False)
class VideoOutcome:
    """The outcome of matching a video.

    Attributes:
        appearances: all appearances, in the order in which they left.
        frames: number of frames.
        duration_s: length of the video, seconds.
        elapsed_s: duration of this run, seconds.
        resumed_at: the frame at which this run resumed; 0 if it began at the start.
        note: a sentence about damage in the file; None without damage.
        timings: of the stages, in this run.
    """

    appearances: tuple[AppearanceSummary, ...]
    frames: int
    duration_s: float
    elapsed_s: float
    resumed_at: int
    note: str | None
    timings: tuple[StageTiming, ...]


def video_result_json(outcome: VideoOutcome, *, is_annotated: bool) -> VideoResultJson:
    """Return the JSON of an outcome."""
    return {
        "frames": outcome.frames,
        "duration_s": round(outcome.duration_s, 3),
        "elapsed_s": round(outcome.elapsed_s, 3),
        "resumed_at": outcome.resumed_at,
        "note": outcome.note,
        "annotated": is_annotated,
        "appearances": [_appearance_json(appearance) for appearance in outcome.appearances],
    }


def _appearance_json(appearance: AppearanceSummary) -> SeenJson:
    best, answer = appearance.best, appearance.answer
    verification = best.match.verification if best is not None else None
    return {
        "appearance_id": appearance.appearance_id,
        "product_id": answer.product_id,
        "verdict": str(answer.verdict),
        "probability": round(float(answer.probability), 4),
        "from_s": round(appearance.first.media_time_s, 3),
        "to_s": round(appearance.last.media_time_s, 3),
        "inliers": 0 if verification is None else int(verification.inliers),
    }
