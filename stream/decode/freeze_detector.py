"""Notices a camera that sends the same picture for ever, or whose clock stands still."""

from hashlib import blake2b
from typing import Final

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

SAMPLE_STEP: Final = 8
# Grey levels (of 255), mean over the samples: more is something that moves.
STILL_LEVELS: Final = 2.0
MAX_KNOWN: Final = 2048

SAME_PICTURE: Final = "always the same picture comes; look at the camera or restart it"
STUCK_CLOCK: Final = "pictures come, but the camera's clock stands still; restart the camera"


class FreezeWatch:
    """Tells a frozen picture from a scene in which nothing moves.

    A real sensor has noise, so even of a wall every key frame differs a little. A frozen one
    brings pictures that were all seen before, bit by bit (a group of pictures over and over,
    because encoders improve a still picture step by step), and that hardly differ among
    themselves (a video that loops does).
    """

    def __init__(self, freeze_after: float) -> None:
        """Alarm after this many seconds; they should be longer than between two key frames."""
        self._freeze_after = freeze_after
        self._reference: NDArray[np.int16] | None = None
        self._known: set[bytes] = set()
        self._new_at: float | None = None
        self._clock: float | None = None
        self._ticked_at: float | None = None

    def look(self, picture: VideoFrame, now: float, clock: float | None) -> str | None:
        """Look at the next picture; what is frozen as a clause for people, or None.

        Args:
            picture: as decoded.
            now: seconds on a clock that never jumps.
            clock: the picture's own time in seconds, if it has one.
        """
        if self._is_new(samples(picture)) or self._new_at is None:
            self._new_at = now
        if self._ticked_at is None or clock is None or clock != self._clock:
            self._ticked_at, self._clock = now, clock
        if now - self._new_at >= self._freeze_after:
            return SAME_PICTURE
        return STUCK_CLOCK if now - self._ticked_at >= self._freeze_after else None

    def _is_new(self, seen: NDArray[np.uint8]) -> bool:
        levels = seen.astype(np.int16)
        if self._reference is None or self._reference.shape != levels.shape:
            moved = True
        else:
            moved = float(np.abs(levels - self._reference).mean()) > STILL_LEVELS
        if moved or len(self._known) >= MAX_KNOWN:
            self._reference = levels
            self._known.clear()
        digest = blake2b(seen.tobytes(), digest_size=8).digest()
        is_known = digest in self._known
        self._known.add(digest)
        return not is_known


def samples(picture: VideoFrame) -> NDArray[np.uint8]:
    """Every eighth sample of every eighth row of the first plane (the brightness, as a rule)."""
    plane = picture.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return np.ascontiguousarray(rows[: plane.height : SAMPLE_STEP, : plane.width : SAMPLE_STEP])
