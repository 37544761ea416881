"""Events: what happens in a video or a live session, one appearance at a time."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from matcher.results import Verdict


class EventKind(StrEnum):
    """The steps in the life of an appearance."""

    ENTERED = "entered"
    CONFIRMED = "confirmed"
    REVISED = "revised"
    LEFT = "left"


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """One step in the life of an appearance; its fields are a public contract as JSON.

    Attributes:
        sequence: number within the session, from 1, without gaps.
        product_id: None when the verdict is `unknown`.
        outline: (4, 2) float32 pixels, or (0, 2) before a verification.
        frame_index: of the frame in which `box` and `outline` were seen.
        timestamp: ISO 8601 in UTC, of the frame at which the event was found.
        frame_age_ms: from the source to the emission; 0 for files.
        degraded: whether a verification was overdue.
    """

    sequence: int
    event: EventKind
    catalog: str
    session_id: str
    appearance_id: str
    track_id: int
    product_id: str | None
    verdict: Verdict
    probability: float
    box: Box
    outline: NDArray[np.float32]
    frame_index: int
    media_time_s: float
    timestamp: str
    frame_age_ms: float
    late: bool
    index_version: int
    degraded: bool
