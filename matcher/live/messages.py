"""Messages about live sessions while they run, and their statistics."""

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from matcher.tracking.appearance import AppearanceSummary
from matcher.tracking.events import Event
from matcher.tracking.output import OverlayItem
from stream.frame import Frame
from stream.status import SourceState

RECENT_FRAMES: Final = 512  # whose ages are kept: 20 seconds at 25 frames per second
RATE_SECONDS: Final = 5.0  # over which frames per second are counted


@dataclass(frozen=True, slots=True)
class Counters:
    """A session in numbers, since it began.

    Attributes:
        frames_in: frames from the source.
        processed: frames that were detected on and tracked.
        dropped: frames that a newer one replaced; in = processed + dropped + 0 or 1 waiting.
        faults: frames and verifications that failed.
        detections: of all processed frames.
        looks: verifications of one track.
        surveys: verifications of the whole picture.
        degraded: frames at which a verification was overdue.
        late: frames that were older than the bound when their result was emitted.
        events: that were emitted.
        reconnects: of the source.
        corrupt: packets or frames that the source dropped as damaged.
        processed_fps: frames per second of the last seconds.
        age_p50_ms: from source to emission of recent frames, median.
        age_p95_ms: from source to emission of recent frames, 95th percentile.
        age_p99_ms: from source to emission of recent frames, 99th percentile.
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
    """The result of one processed frame.

    Attributes:
        session_id: whose.
        catalog: name.
        frame: the frame itself; the last one, when the source ended or fell silent.
        overlay: what is in view, by appearance; nothing when the frame is late.
        events: what happened; never left out.
        summaries: of appearances that are over.
        emitted_at: Unix seconds.
        late: whether the frame was older than the bound.
        degraded: whether a verification was overdue.
    """

    session_id: str
    catalog: str
    frame: Frame
    overlay: tuple[OverlayItem, ...]
    events: tuple[Event, ...]
    summaries: tuple[AppearanceSummary, ...]
    emitted_at: float
    late: bool
    degraded: bool

    @property
    def age_s(self) -> float:
        """Seconds from the source to the emission."""
        return max(self.emitted_at - self.frame.captured_at, 0.0)


@dataclass(frozen=True, slots=True)
class SessionChanged:
    """Another state of a session, or another reason for it."""

    status: SessionStatus


Message = FrameResult | SessionChanged


class RollingStats:
    """Ages and times of the last frames; for one writing thread, readable from any."""

    def __init__(self) -> None:
        self._ages: deque[float] = deque(maxlen=RECENT_FRAMES)
        self._times: deque[float] = deque(maxlen=RECENT_FRAMES)

    def add(self, age_s: float, now: float) -> None:
        """Count a frame whose result was emitted at a time in monotonic seconds."""
        self._ages.append(age_s)
        self._times.append(now)

    def percentiles_ms(self) -> tuple[float, float, float]:
        """Return median, 95th and 99th percentile of the ages; 0 before the first frame."""
        ages = self._ages.copy()
        if not ages:
            return (0.0, 0.0, 0.0)
        p50, p95, p99 = np.percentile(np.array(ages) * 1e3, [50, 95, 99])
        return (float(p50), float(p95), float(p99))

    def rate(self, now: float) -> float:
        """Return the frames per second of the last seconds."""
        times = [time for time in self._times.copy() if time > now - RATE_SECONDS]
        if len(times) < 2:
            return 0.0
        return len(times) / max(now - times[0], 1e-3)
