"""Detects a camera that sends the same picture for ever, or whose clock stands still."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

SAME_PICTURE: Final = "always the same picture comes; look at the camera or restart it"
STUCK_CLOCK: Final = "pictures come, but the camera's clock stands still; restart the camera"

SAMPLE_STEP: Final = 8  # pixels and rows: enough to see movement, 1/64 of the work


@dataclass(frozen=True, slots=True)
class FreezeSettings:
    """Thresholds of the freeze detector.

    Attributes:
        freeze_after: seconds without anything new until the alarm; longer than the interval
            between two key frames.
        still_levels: grey levels of 255, mean over the samples; a larger difference is movement.
        max_known: pictures remembered by hash; more than any group of pictures holds.
    """

    freeze_after: float = 10.0
    still_levels: float = 2.0
    max_known: int = 2048


class FreezeDetector:
    """Tells a frozen picture from a scene in which nothing moves.

    A real sensor has noise, so even of a wall every key frame differs a little. A frozen camera
    sends pictures that were all seen before, bit by bit (one group of pictures over and over,
    because encoders improve a still picture step by step), and that hardly differ among themselves
    (those of a looping video do).
    """

    def __init__(self, settings: FreezeSettings | None = None) -> None:
        self._settings = settings or FreezeSettings()
        self._reference: NDArray[np.int16] | None = None
        self._known: set[bytes] = set()
        self._new_at: float | None = None
        self._clock: float | None = None
        self._ticked_at: float | None = None

    def check(self, picture: VideoFrame, now: float, clock: float | None) -> str | None:
        """Check the next picture; return the fault as a clause for people, or None.

        Args:
            picture: as decoded.
            now: seconds on a monotonic clock.
            clock: the picture's own time in seconds, if it has one.
        """
        if self._is_new(sample_luma(picture)) or self._new_at is None:
            self._new_at = now
        if self._ticked_at is None or clock is None or clock != self._clock:
            self._ticked_at, self._clock = now, clock
        if now - self._new_at >= self._settings.freeze_after:
            return SAME_PICTURE
        is_stuck = now - self._ticked_at >= self._settings.freeze_after
        return STUCK_CLOCK if is_stuck else None

    def _is_new(self, samples: NDArray[np.uint8]) -> bool:
        levels = samples.astype(np.int16)
        if self._reference is None or self._reference.shape != levels.shape:
            has_moved = True
        else:
            difference = float(np.abs(levels - self._reference).mean())
            has_moved = difference > self._settings.still_levels
        if has_moved or len(self._known) >= self._settings.max_known:
            self._reference = levels
            self._known.clear()
        digest = blake2b(samples.tobytes(), digest_size=8).digest()
        is_known = digest in self._known
        self._known.add(digest)
        return not is_known


def sample_luma(picture: VideoFrame) -> NDArray[np.uint8]:
    """Return samples of the first plane (usually luma), (H / 8, W / 8) uint8, rounded up."""
    plane = picture.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return np.ascontiguousarray(rows[: plane.height : SAMPLE_STEP, : plane.width : SAMPLE_STEP])
