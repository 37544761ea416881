"""Options and results of a live measurement."""

from dataclasses import asdict, dataclass, field
from statistics import mean
from typing import Any

from bench.live.scene import SceneSize
from bench.table import Table


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """Cameras and conditions to measure.

    Attributes:
        sources: cameras at once.
        size: of their pictures, and their rate.
        minutes: of measuring, after ten seconds of warming up.
        budget: frames per second that the engine may take in all; None is unlimited.
        baseline: also measure twenty seconds with one lane.
        seed: of the scene.
    """

    sources: int = 1
    size: SceneSize = field(default_factory=SceneSize)
    minutes: float = 1.0
    budget: float | None = None
    baseline: bool = True
    seed: int = 0


@dataclass(frozen=True, slots=True)
class SessionFigures:
    """One session, or all of them.

    Attributes:
        name: of the session.
        processed_fps: frames per second, detected on and tracked.
        frame_age_p50_ms: from arrival, or from the source's own clock, to the telling; median.
        frame_age_p95_ms: 95th percentile of the same.
        frame_age_p99_ms: 99th percentile.
        glass_to_event_p50_ms: from the time burnt into the picture to the overlay; median.
        glass_to_event_p95_ms: 95th percentile of the same.
        glass_to_event_p99_ms: 99th percentile.
        confirmed_p50_s: from a product wholly in view to its name; median; None for no name.
        confirmed_max_s: the longest.
        confirmed: products that were named.
        shown: products that came wholly into view.
        dropped: frames.
        degraded_share: of the processed frames at which a look was overdue.
        rss_slope_mb_per_min: of the whole process.
        events: that were emitted.
    """

    name: str
    processed_fps: float
    frame_age_p50_ms: float
    frame_age_p95_ms: float
    frame_age_p99_ms: float
    glass_to_event_p50_ms: float
    glass_to_event_p95_ms: float
    glass_to_event_p99_ms: float
    confirmed_p50_s: float | None
    confirmed_max_s: float | None
    confirmed: int
    shown: int
    dropped: int
    degraded_share: float
    rss_slope_mb_per_min: float
    events: int


@dataclass(frozen=True, slots=True)
class LiveResult:
    """Figures of all sessions.

    Attributes:
        options: what was measured.
        sessions: each.
        total: all together.
        baseline: all together, with one lane; None if it was not measured.
        load_average: of the machine, before and after.
    """

    options: LiveOptions
    sessions: tuple[SessionFigures, ...]
    total: SessionFigures
    baseline: SessionFigures | None
    load_average: tuple[float, float]

    @property
    def evenness(self) -> float:
        """The largest distance of a session's frame rate from the mean, as a share of it."""
        rates = [session.processed_fps for session in self.sessions]
        middle = mean(rates)
        return max(abs(rate - middle) for rate in rates) / middle if middle else 0.0

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self), "evenness": self.evenness}

    def table(self) -> Table:
        """One column per figure."""
        rows = [_row(figures) for figures in (*self.sessions, self.total)]
        if self.baseline is not None:
            rows.append(_row(self.baseline))
        columns = (
            "session", "frames/s", "age p50", "p95", "p99", "glass p50", "p95", "p99",
            "named", "after s", "longest", "dropped", "degraded", "MB/min", "events",
        )  # fmt: skip
        notes = (
            f"ages in ms; load average {self.load_average[0]:.1f} before, "
            f"{self.load_average[1]:.1f} after; sessions differ by {100 * self.evenness:.0f} %",
        )
        return Table("Live", columns, tuple(rows), notes)


def _row(figures: SessionFigures) -> tuple[str, ...]:
    f = figures
    ages = (f.frame_age_p50_ms, f.frame_age_p95_ms, f.frame_age_p99_ms)
    glass = (f.glass_to_event_p50_ms, f.glass_to_event_p95_ms, f.glass_to_event_p99_ms)
    return (
        f.name,
        f"{f.processed_fps:.1f}",
        *(f"{age_ms:.0f}" for age_ms in (*ages, *glass)),
        f"{f.confirmed} of {f.shown}",
        *(
            "" if seconds is None else f"{seconds:.2f}"
            for seconds in (f.confirmed_p50_s, f.confirmed_max_s)
        ),
        str(f.dropped),
        f"{100 * f.degraded_share:.0f} %",
        f"{f.rss_slope_mb_per_min:+.1f}",
        str(f.events),
    )
