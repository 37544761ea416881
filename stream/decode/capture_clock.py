"""Capture times of pictures: the sender's clock, checked against arrival times."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CaptureClockSettings:
    """Bounds on the clocks of senders.

    Attributes:
        drift: seconds per second; two quartz clocks drift apart by less, so anything more is delay.
        synchronised_s: seconds; a sender's clock is trusted if it is wrong by no more than this.
        restart_s: seconds; media time that jumps back further belongs to a restarted stream.
    """

    drift: float = 2e-4
    synchronised_s: float = 0.5
    restart_s: float = 0.5


class CaptureClock:
    """Estimates when the pictures of one connection were captured.

    Media time and arrival time run at the same pace, so the shortest transit of all pictures is
    known up to a constant. A picture that took longer was delayed: in the network, in a jitter
    buffer or in our decoder. The constant is known if the sender's own clock is right; if it is not
    (cameras without a time server are off by hours), the shortest transit is taken as zero.
    """

    def __init__(self, settings: CaptureClockSettings | None = None) -> None:
        self._settings = settings or CaptureClockSettings()
        self._is_sender_time = False
        self._last: float | None = None
        self._last_arrival = 0.0
        self._base = 0.0

    def captured_at(
        self,
        arrival: float,
        media_time: float | None,
        sender_time: float | None,
        steady: float | None = None,
    ) -> float:
        """Return when a picture left its source, Unix seconds; never after its arrival.

        Args:
            arrival: when it was decoded here, Unix seconds.
            media_time: its presentation time, seconds from any origin; None if it has none.
            sender_time: its time on the sender's clock (RTCP sender reports), Unix seconds, if it
                is known; once it was, pictures without it are dated by their arrival.
            steady: its arrival by a clock that nobody sets, seconds from any origin; as `arrival`
                if None.
        """
        time = sender_time if sender_time is not None else media_time
        if time is None or (self._is_sender_time and sender_time is None):
            return arrival
        steady = arrival if steady is None else steady
        delay = self._delay(steady, time, is_sender_time=sender_time is not None)
        if sender_time is not None:
            transit = arrival - sender_time - delay
            if 0 <= transit <= self._settings.synchronised_s:
                return sender_time
        return arrival - delay

    def _delay(self, arrival: float, time: float, *, is_sender_time: bool) -> float:
        """Seconds that a picture took longer than the quickest one."""
        offset = arrival - time
        if self._last is None or time < self._last - self._settings.restart_s:
            self._base = offset
        elif is_sender_time != self._is_sender_time:  # another time line: keep the delay so far
            self._base += offset - (self._last_arrival - self._last)
        else:
            self._base += self._settings.drift * max(arrival - self._last_arrival, 0.0)
        self._base = min(self._base, offset)
        self._is_sender_time, self._last, self._last_arrival = is_sender_time, time, arrival
        return offset - self._base
