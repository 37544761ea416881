"""How similar the products of a catalog are to one picture: what a cosine is worth among them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

_FEWEST: Final = 8  # similarities that show a spread
_LEAST_DEVIATION: Final = 0.03  # cosine; a catalog of one sort of thing is not infinitely telling
_BOUNDS: Final = (-3.0, 8.0)  # standard deviations; beyond, nothing more is said


@dataclass(frozen=True, slots=True)
class SimilaritySpread:
    """The similarities of a picture and the products of a catalog that are nearest to it.

    Attributes:
        median: cosine.
        deviation: standard deviation of the cosines, above 0.
    """

    median: float
    deviation: float

    @classmethod
    def of(cls, similarities: Collection[float]) -> Self:
        """Measure cosines; too few are taken to spread as they usually do."""
        if len(similarities) < _FEWEST:
            return cls(USUAL_SPREAD.median, USUAL_SPREAD.deviation)
        values = np.fromiter(similarities, np.float64)
        return cls(float(np.median(values)), max(float(values.std()), _LEAST_DEVIATION))

    def lead(self, similarity: float) -> float:
        """Return how far a cosine lies above the median, in standard deviations, -3 to 8."""
        low, high = _BOUNDS
        return min(max((similarity - self.median) / self.deviation, low), high)


USUAL_SPREAD: Final = SimilaritySpread(0.3, 0.1)
"""Of the shipped embedder, among some dozens of products."""
