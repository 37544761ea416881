"""Limits of requests: a bucket of tokens for each client, refilled steadily (token bucket)."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

MOST_BUCKETS: Final = 10_000  # one for each key and address; about 2 MB


class RateLimiter:
    """Buckets by name; the ones not used for longest are forgotten, which only fills them up."""

    def __init__(
        self, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Give everybody a full bucket.

        Args:
            per_second: tokens that come back.
            burst: tokens that a full bucket has.
            clock: seconds.
        """
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, name: str) -> float:
        """Return 0 if there is a token, else the seconds until there will be; take none."""
        return max(1.0 - self._left(name, self._clock()), 0.0) / self._per_second

    def count(self, name: str) -> None:
        """Take a token, if there is one."""
        now = self._clock()
        left = self._left(name, now)
        self._buckets[name] = (max(left - 1.0, 0.0), now)
        self._buckets.move_to_end(name)
        while len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)

    def _left(self, name: str, now: float) -> float:
        left, at = self._buckets.get(name, (self._burst, now))
        return min(left + (now - at) * self._per_second, self._burst)
