"""What is said of live sessions, while they run."""

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from matcher.tracking.appearance import AppearanceSummary
from matcher.tracking.events import Event
from matcher.tracking.frame_matcher import OverlayItem
from stream.frame import Frame
from stream.status import SourceState


@dataclass(frozen=True, slots=True)
class Counters:
    """A session in numbers, since it began.

    Attributes:
        frames_in: that the source put.
        processed: that were detected on and tracked.
        dropped: that a newer one replaced; in = processed + dropped + 0 or 1 waiting.
        faults: frames and looks that failed.
        detections: of all processed frames.
        looks: closer looks at one track.
        surveys: looks at the whole picture.
        degraded: frames at which a look was overdue.
        late: frames that were older than the bound when they were told.
        events: that were said.
        reconnects: of the source.
        corrupt: packets or frames that the source dropped as damaged.
        processed_fps: frames per second of the last seconds.
        age_p50_ms: of a recent frame when it was told, since it left its source; median.
        age_p95_ms: likewise, 95th percentile.
        age_p99_ms: likewise, 99th percentile.
    """

    frames_in: int
    processed: int
    dropped: int
    faults: int
    detections: int
    looks: int
    surveys: int
    degraded: int
    late: int
    events: int
    reconnects: int
    corrupt: int
    processed_fps: float
    age_p50_ms: float
    age_p95_ms: float
    age_p99_ms: float


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """A session at one moment.

    Attributes:
        session_id: unguessable.
        source_id: name of the source, without credentials.
        catalog: name.
        state: of the source.
        reason: one sentence.
        since: Unix seconds; of the state.
        started_at: Unix seconds; of the session.
        counters: so far.
    """

    session_id: str
    source_id: str
    catalog: str
    state: SourceState
    reason: str
    since: float
    started_at: float
    counters: Counters


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """What one processed frame brought.

    Attributes:
        session_id: whose.
        frame: the frame itself; the last one, when the source ended or fell silent.
        notes: what is in view, by appearance; nothing when the frame is late.
        events: what happened; never left out.
        summaries: of appearances that are over.
        told_at: Unix seconds.
        late: whether the frame was older than the bound.
        degraded: whether a look was overdue.
    """

    session_id: str
    frame: Frame
    notes: tuple[OverlayItem, ...]
    events: tuple[Event, ...]
    summaries: tuple[AppearanceSummary, ...]
    emitted_at: float
    late: bool
    degraded: bool

    @property
    def age_s(self) -> float:
        """Seconds from the source to here."""
        return max(self.emitted_at - self.frame.captured_at, 0.0)


@dataclass(frozen=True, slots=True)
class SessionChanged:
    """A session's state or its reason is another."""

    status: SessionStatus


Message = FrameResult | SessionChanged


RECENT: Final = 512  # frames
FPS_SECONDS: Final = 5.0


class RollingStats:
    """Ages and times of the last frames; for one writing thread, readable from any."""

    def __init__(self) -> None:
        self._ages: deque[float] = deque(maxlen=RECENT)
        self._times: deque[float] = deque(maxlen=RECENT)

    def add(self, age_s: float, now: float) -> None:
        """Count a frame that was told at a time in seconds."""
        self._ages.append(age_s)
        self._times.append(now)

    def percentiles_ms(self) -> tuple[float, float, float]:
        """Median, 95th and 99th percentile of the ages; 0 before the first frame."""
        ages = self._ages.copy()
        if not ages:
            return (0.0, 0.0, 0.0)
        p50, p95, p99 = np.percentile(np.array(ages) * 1e3, [50, 95, 99])
        return (float(p50), float(p95), float(p99))

    def rate(self, now: float) -> float:
        """Frames per second lately."""
        times = [time for time in self._times.copy() if time > now - FPS_SECONDS]
        if len(times) < 2:
            return 0.0
        return len(times) / max(now - times[0], 1e-3)
