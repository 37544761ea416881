"""Average precision, recall and shares with intervals: a bootstrap over pictures.

Pictures are judged once; a draw only weighs them anew.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.recognition.score import BOOTSTRAP_DRAWS, Estimate
from matcher.detection.average_precision import BoxEvaluation, JudgedPicture

# Percentiles of the draws: an interval of 95 %.
_INTERVAL: Final = (2.5, 97.5)

_Figure = Callable[[NDArray[np.float64]], float]


def estimate_average_precision(
    pictures: Sequence[JudgedPicture], draws: int = BOOTSTRAP_DRAWS, seed: int = 0
) -> Estimate:
    """Return the area under precision over recall; 0 where there is nothing to find."""
    return _estimate(BoxEvaluation(pictures).average_precision, len(pictures), draws, seed)


def estimate_recall(
    pictures: Sequence[JudgedPicture], draws: int = BOOTSTRAP_DRAWS, seed: int = 0
) -> Estimate:
    """Return the share of labelled boxes that some box covers; 0 where there are none."""
    return _estimate(BoxEvaluation(pictures).recall, len(pictures), draws, seed)


def estimate_share(values: Sequence[bool], draws: int = BOOTSTRAP_DRAWS, seed: int = 0) -> Estimate:
    """Return the share of pictures for which something holds; 0 where there are none."""
    held = np.array(values, np.float64)

    def share(weights: NDArray[np.float64]) -> float:
        return float(weights @ held) / float(weights.sum()) if len(held) else 0.0

    return _estimate(share, len(held), draws, seed)


def _estimate(figure: _Figure, count: int, draws: int, seed: int) -> Estimate:
    """Return a figure of all pictures with its interval over pictures drawn with replacement."""
    value = figure(np.ones(count))
    if not count or not draws:
        return Estimate(value, value, value)
    rng = np.random.default_rng(seed)
    even = np.full(count, 1 / count)
    drawn = [figure(rng.multinomial(count, even).astype(np.float64)) for _ in range(draws)]
    low, high = np.percentile(drawn, _INTERVAL)
    return Estimate(value, float(low), float(high))
