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

    def wait_s(self, name: str, cost: float = 1.0) -> float:
        """Take tokens; return 0 if there were enough, else the seconds until there will be."""
        now = self._clock()
        left, at = self._buckets.pop(name, (self._burst, now))
        left = min(left + (now - at) * self._per_second, self._burst)
        enough = left >= cost
        self._buckets[name] = (left - cost if enough else left, now)
        while len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)
        return 0.0 if enough else (cost - left) / self._per_second
