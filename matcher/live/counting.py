"""Numbers of one session; memory does not grow with its length."""

from collections import deque
from typing import Final

import numpy as np

RECENT: Final = 512  # frames
FPS_SECONDS: Final = 5.0


class Recent:
    """Ages and times of the last frames; for one writing thread, readable from any."""

    def __init__(self) -> None:
        self._ages: deque[float] = deque(maxlen=RECENT)
        self._times: deque[float] = deque(maxlen=RECENT)

    def add(self, age_s: float, now: float) -> None:
        """Count a frame that was told at a time in seconds."""
        self._ages.append(age_s)
        self._times.append(now)

    def percentiles_ms(self) -> tuple[float, float, float]:
        """Median, 95th and 99th percentile of the ages; 0 before the first frame."""
        ages = self._ages.copy()
        if not ages:
            return (0.0, 0.0, 0.0)
        p50, p95, p99 = np.percentile(np.array(ages) * 1e3, [50, 95, 99])
        return (float(p50), float(p95), float(p99))

    def rate(self, now: float) -> float:
        """Frames per second lately."""
        times = [time for time in self._times.copy() if time > now - FPS_SECONDS]
        if len(times) < 2:
            return 0.0
        return len(times) / max(now - times[0], 1e-3)
