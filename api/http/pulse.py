"""The engine's sign of life: a number that grows while its event loop turns.

It lies in memory that gunicorn's master shares with the engine and the workers. Whoever watches it
measures silence by a monotonic clock and by pauses of its own: neither a clock that is set nor a
machine that was suspended looks like an engine that hangs.
"""

import asyncio
import os
from collections.abc import Callable
from struct import Struct
from time import monotonic
from typing import Final

BEAT_S: Final = 0.25  # between two beats: far below every patience
# Between two looks; a longer pause was the watcher's own, and says nothing of the engine.
LONGEST_STEP_S: Final = 2.0
_COUNT: Final = Struct("=Q")


class Pulse:
    """Beats of one engine after the other; shared by all processes forked after `create`."""

    def __init__(self, descriptor: int) -> None:
        """Use the memory of a file descriptor."""
        self.descriptor = descriptor

    @classmethod
    def create(cls) -> "Pulse":
        """Return one in memory of its own, which does not beat yet.

        Raises:
            OSError: the system has no memory for it.
        """
        pulse = cls(os.memfd_create("skulens-pulse"))
        os.pwrite(pulse.descriptor, _COUNT.pack(0), 0)
        return pulse

    @property
    def beats(self) -> int:
        """How many there were."""
        (count,) = _COUNT.unpack(os.pread(self.descriptor, _COUNT.size, 0))
        return int(count)

    def beat(self) -> None:
        """Give a sign of life; for one process at a time."""
        os.pwrite(self.descriptor, _COUNT.pack(self.beats + 1), 0)

    async def beat_on(self) -> None:
        """Beat for as long as the event loop turns."""
        while True:
            self.beat()
            await asyncio.sleep(BEAT_S)


class Silence:
    """How long a pulse has stood still, as far as its watcher was awake; for one thread.

    Attributes:
        has_heard: whether it has beaten since this was made.
    """

    def __init__(self, pulse: Pulse, clock: Callable[[], float] = monotonic) -> None:
        """Begin with no silence.

        Args:
            pulse: that is watched.
            clock: monotonic seconds.
        """
        self._pulse = pulse
        self._clock = clock
        self._beats = pulse.beats
        self._looked_at = clock()
        self._seconds = 0.0
        self.has_heard = False

    def seconds(self) -> float:
        """Return the seconds since the last beat, or since the beginning; ask again and again."""
        now, beats = self._clock(), self._pulse.beats
        if beats != self._beats:
            self._beats, self._seconds, self.has_heard = beats, 0.0, True
        else:
            self._seconds += min(now - self._looked_at, LONGEST_STEP_S)
        self._looked_at = now
        return self._seconds
