"""Times of frames from presentation timestamps, whatever the container does to them."""

from fractions import Fraction
from typing import Final

MAX_JITTER_S: Final = 1.0  # timestamps that go back further begin another recording
# Timestamps that go on after more than this, seconds, begin another recording, too. Broadcast
# streams are joined and jump, and players take 10 s; other files mean what they say, unless it is
# beyond any pause between two pictures.
MAX_STEP_BROADCAST_S: Final = 10.0
MAX_STEP_S: Final = 3600.0


class PresentationClock:
    """Converts timestamps to seconds since the first frame, which never go backwards or jump."""

    def __init__(
        self,
        time_base: Fraction,
        step: Fraction,
        origin: int | None = None,
        *,
        max_step: float = MAX_STEP_S,
    ) -> None:
        """Start before the first frame, or later with a known origin.

        Args:
            time_base: seconds per timestamp unit.
            step: seconds between frames, for frames that carry no timestamp.
            origin: timestamp of the source's first frame, when it is known already.
            max_step: seconds; a longer way from one frame to the next is a jump of the clock.
        """
        self._time_base = time_base
        self._step = step
        self._max_step = max_step
        self._origin = None if origin is None else Fraction(origin)
        self._previous: Fraction | None = None
        self._is_regular = True

    @property
    def origin(self) -> int | None:
        """The first frame's timestamp; None once a time had to be estimated or corrected."""
        if not self._is_regular or self._origin is None:
            return None
        return int(self._origin)

    def seconds(self, timestamp: int | None) -> float:
        """Return the next frame's time since the first one, seconds.

        A frame without a timestamp comes one step after the last, and so do timestamps that start
        over or jump ahead (joined recordings).
        """
        time = self._estimate() if timestamp is None else self._measure(Fraction(timestamp))
        self._is_regular = self._is_regular and timestamp is not None
        self._previous = time
        return float(time)

    def _estimate(self) -> Fraction:
        return Fraction(0) if self._previous is None else self._previous + self._step

    def _measure(self, timestamp: Fraction) -> Fraction:
        if self._origin is None:
            self._origin = timestamp - self._estimate() / self._time_base
        time = (timestamp - self._origin) * self._time_base
        if self._previous is None or 0 <= time - self._previous <= self._max_step:
            return time
        self._is_regular = False
        if 0 < self._previous - time <= MAX_JITTER_S:
            return self._previous
        self._origin = timestamp - self._estimate() / self._time_base
        return self._estimate()
