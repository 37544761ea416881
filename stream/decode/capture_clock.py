"""When a picture left its source: from the sender's clock, held against its arrival."""

from typing import Final

# Two quartz clocks drift apart by less than this; what is more is delay.
DRIFT: Final = 2e-4
# A sender's clock that is right within this is taken at its word.
SYNCHRONISED_S: Final = 0.5
RESTART_S: Final = 0.5


class CaptureClock:
    """Dates the pictures of one connection.

    Media time and arrival run at the same pace, so the shortest way a picture ever took is known
    up to a constant, and whatever takes longer has waited somewhere: in the network, a jitter
    buffer or our decoder. The constant itself is known if the sender's own clock is right; if it
    is not (cameras without a time server are off by hours), the shortest way counts as none.
    """

    def __init__(self) -> None:
        """Know nothing yet."""
        self._is_sender_time = False
        self._last: float | None = None
        self._last_arrival = 0.0
        self._base = 0.0

    def captured_at(
        self, arrival: float, media_time: float | None, sender_time: float | None
    ) -> float:
        """Unix seconds at which a picture left its source; never after its arrival.

        Args:
            arrival: when we hold it, Unix seconds.
            media_time: its presentation time, in seconds from anywhere.
            sender_time: its time on the sender's clock, Unix seconds, if the sender tells (RTCP
                sender reports); kept as the time line as soon as it is there.
        """
        time = sender_time if sender_time is not None else media_time
        if time is None or (self._is_sender_time and sender_time is None):
            return arrival
        delay = self._delay(arrival, time, is_sender_time=sender_time is not None)
        if sender_time is not None and 0 <= arrival - sender_time - delay <= SYNCHRONISED_S:
            return sender_time
        return arrival - delay

    def _delay(self, arrival: float, time: float, *, is_sender_time: bool) -> float:
        """Seconds a picture took longer than the quickest one."""
        offset = arrival - time
        if self._last is None or time < self._last - RESTART_S:
            self._base = offset
        elif is_sender_time != self._is_sender_time:  # another time line: the delay so far stays
            self._base += offset - (self._last_arrival - self._last)
        else:
            self._base += DRIFT * max(arrival - self._last_arrival, 0.0)
        self._base = min(self._base, offset)
        self._is_sender_time, self._last, self._last_arrival = is_sender_time, time, arrival
        return offset - self._base
