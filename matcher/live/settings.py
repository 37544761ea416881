"""What can be set about live matching."""

from dataclasses import dataclass, field

from matcher.live.region import Region
from matcher.tracking.frame_matcher import FrameMatcherSettings


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """What one session looks for.

    Attributes:
        regions: parts of the picture that count; none means all of it.
        smallest: height or width, the larger of the two, from which a product counts; share of
            the picture's height in [0, 1].
        engine: thresholds of following and voting.
    """

    regions: tuple[Region, ...] = ()
    smallest: float = 0.0
    engine: FrameMatcherSettings = field(default_factory=FrameMatcherSettings)

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
    """How all sessions together are served.

    Attributes:
        most_sessions: that run at once.
        most_ended: sessions that are over and can still be asked for.
        frames_per_second: that the first lane takes at most, of all sessions; None is unlimited.
        late_seconds: age of a frame from which what is said of it is marked `late`, and its
            overlay is not sent.
        silent_seconds: without a frame, everything in view leaves.
        most_faults: frames in a row that fail before their session does.
    """

    most_sessions: int = 16
    most_ended: int = 64
    frames_per_second: float | None = None
    late_seconds: float = 1.0
    silent_seconds: float = 3.0
    most_faults: int = 10
