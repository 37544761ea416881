"""Settings of live matching."""

from dataclasses import dataclass, field

from matcher.live.region import Region
from matcher.tracking.codec import recorded_as
from matcher.tracking.state import FrameMatcherSettings


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """Settings of one session: what it looks for.

    Attributes:
        regions: parts of the picture that count; none means all of it.
        smallest: height or width, the larger of the two, from which a product counts; share of
            the picture's height in [0, 1].
        matching: thresholds of tracking and voting.
    """

    regions: tuple[Region, ...] = ()
    smallest: float = 0.0
    matching: FrameMatcherSettings = field(
        default_factory=FrameMatcherSettings, metadata=recorded_as("engine")
    )

    def __post_init__(self) -> None:
        """Check the range.

        Raises:
            ValueError: the smallest size is no share of the picture.
        """
        if not 0 <= self.smallest <= 1:
            raise ValueError(
                f"the smallest product size {self.smallest} is no share of the picture's height; "
                "give a number from 0 to 1"
            )


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """Limits of all sessions together.

    Attributes:
        most_sessions: that run at once.
        most_ended: sessions that are over and whose status is still kept.
        frames_per_second: that the fast path takes at most, of all sessions; None is unlimited.
        late_seconds: age of a frame from which its events are marked `late`, and its overlay is
            not sent.
        silent_seconds: without a frame, everything in view leaves.
        busy_look_seconds: between two looks at a session, from which the fast path works half the
            time only, so that the slow path gets its share of the processor.
        slow_look_seconds: between two looks at a session, from which there are too many sessions.
        most_faults: frames in a row that fail before their session does.
    """

    most_sessions: int = 16
    most_ended: int = 64
    frames_per_second: float | None = None
    late_seconds: float = 1.0
    silent_seconds: float = 3.0
    busy_look_seconds: float = 2.0
    slow_look_seconds: float = 5.0
    most_faults: int = 10
