"""Times of frames from presentation timestamps, whatever the container does to them."""

from fractions import Fraction
from typing import Final

MAX_JITTER_S: Final = 1.0


class PresentationClock:
    """Turns timestamps into seconds since the first frame, never going backwards."""

    def __init__(self, time_base: Fraction, step: Fraction, origin: int | None = None) -> None:
        """Start before the first frame, or go on with a known origin.

        Args:
            time_base: seconds per timestamp unit.
            step: seconds between frames, for frames that carry no timestamp.
            origin: timestamp of the source's first frame, when it is known already.
        """
        self._time_base = time_base
        self._step = step
        self._origin = None if origin is None else Fraction(origin)
        self._previous: Fraction | None = None
        self._is_regular = True

    @property
    def origin(self) -> int | None:
        """The first frame's timestamp; None when a time had to be guessed or bent so far."""
        if not self._is_regular or self._origin is None:
            return None
        return int(self._origin)

    def seconds(self, timestamp: int | None) -> float:
        """Seconds of the next frame since the first one.

        A frame without a timestamp comes one step after the last; timestamps that start over
        (joined recordings) go on one step after the last.
        """
        time = self._guess() if timestamp is None else self._measure(Fraction(timestamp))
        self._is_regular = self._is_regular and timestamp is not None
        self._previous = time
        return float(time)

    def _guess(self) -> Fraction:
        return Fraction(0) if self._previous is None else self._previous + self._step

    def _measure(self, timestamp: Fraction) -> Fraction:
        if self._origin is None:
            self._origin = timestamp - self._guess() / self._time_base
        time = (timestamp - self._origin) * self._time_base
        if self._previous is None or time >= self._previous:
            return time
        self._is_regular = False
        if self._previous - time <= MAX_JITTER_S:
            return self._previous
        self._origin = timestamp - self._guess() / self._time_base
        return self._guess()
