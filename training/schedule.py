"""Learning rate over a run's budget."""

import math
from typing import Final

_WARM_UP: Final = 0.04


def rate_share(share: float) -> float:
    """Of the peak rate: a short linear warm-up, then half a cosine down to a hundredth.

    Args:
        share: of the budget that is spent, in [0, 1].
    """
    if share < _WARM_UP:
        return max(share / _WARM_UP, 0.02)
    along = (share - _WARM_UP) / (1 - _WARM_UP)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * along))
