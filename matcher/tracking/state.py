"""The state that one frame hands to the next, and all thresholds of its matching."""

from dataclasses import dataclass, field

from matcher.imaging.optical_flow import OpticalFlow
from matcher.tracking.appearance import AppearanceSettings
from matcher.tracking.appearances import AppearanceTracker
from matcher.tracking.codec import recorded_as
from matcher.tracking.scheduler import SchedulerSettings, VerificationScheduler
from matcher.tracking.tracker import Tracker, TrackerSettings


@dataclass(frozen=True, slots=True)
class FrameMatcherSettings:
    """All thresholds of tracking, voting and scheduling."""

    tracker: TrackerSettings = field(default_factory=TrackerSettings)
    appearances: AppearanceSettings = field(
        default_factory=AppearanceSettings, metadata=recorded_as("book")
    )
    scheduler: SchedulerSettings = field(
        default_factory=SchedulerSettings, metadata=recorded_as("schedule")
    )


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """Identity of one source that is being matched.

    Attributes:
        session_id: for events.
        started_at: Unix seconds of media time 0.
    """

    session_id: str
    started_at: float


@dataclass(slots=True, eq=False)
class FrameMatcherState:
    """Everything that one frame hands to the next; plain values, fit for a checkpoint.

    Attributes:
        tracker: boxes followed over frames.
        flow: the last frame, reduced, for optical flow.
        appearances: products in view, with their votes.
        scheduler: the budget of verifications.
        sequence: number of the last event.
        index_version: of the catalog in use; -1 before the first frame.
        frame_index: of the last frame; -1 before the first.
        media_time_s: seconds, of the last frame.
        pan: pixels per second, right and down, at which the scene moves across the picture.
    """

    tracker: Tracker
    flow: OpticalFlow
    appearances: AppearanceTracker = field(metadata=recorded_as("book"))
    scheduler: VerificationScheduler = field(metadata=recorded_as("schedule"))
    sequence: int = 0
    index_version: int = -1
    frame_index: int = -1
    media_time_s: float = 0.0
    pan: tuple[float, ...] = (0.0, 0.0)

    @classmethod
    def initial(cls, settings: FrameMatcherSettings, session: SessionInfo) -> "FrameMatcherState":
        """Return the state before the first frame."""
        return cls(
            Tracker(settings.tracker),
            OpticalFlow(),
            AppearanceTracker(settings.appearances, session.session_id),
            VerificationScheduler(settings.scheduler),
        )
