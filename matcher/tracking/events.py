"""What skulens says of a video, one appearance at a time (design.md, Command line)."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from matcher.results import Verdict


class EventKind(StrEnum):
    """Where an appearance stands."""

    ENTERED = "entered"
    CONFIRMED = "confirmed"
    REVISED = "revised"
    LEFT = "left"


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """One step in the life of an appearance; the JSON contract of design.md section 8."""

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
