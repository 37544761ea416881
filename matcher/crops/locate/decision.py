"""From evidence to a probability: a logistic function of a few physical quantities."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.crops.locate.verification import Agreement

ACCEPTED: Final = 0.5  # of the probability that both are one shot


@dataclass(frozen=True, slots=True)
class CropCalibration:
    """Weights of the logistic function; fitted as docs/crops/locate.md says."""

    constant: float = -14.0
    correlation: float = 10.0
    overall: float = 8.0
    disagreeing: float = -14.0
    moved: float = -20.0
    textured: float = 1.2
    inliers: float = 0.8

    def probability(self, agreement: Agreement, inliers: int) -> float:
        """Probability in [0, 1] that the pictures are one shot, aligned rightly."""
        weights = np.array(
            [
                self.constant,
                self.correlation,
                self.overall,
                self.disagreeing,
                self.moved,
                self.textured,
                self.inliers,
            ]
        )
        total = float(weights @ evidence(agreement, inliers))
        return float(1.0 / (1.0 + np.exp(-np.clip(total, -30.0, 30.0))))


def evidence(agreement: Agreement, inliers: int) -> NDArray[np.float64]:
    """(7,) what the logistic function weighs, the constant first."""
    correlation = agreement.correlation if agreement.textured > 0 else agreement.overall
    return np.array(
        [
            1.0,
            correlation,
            agreement.overall,
            agreement.disagreeing,
            agreement.moved,
            np.log1p(min(agreement.textured, 100.0)),
            np.log1p(min(inliers, 50)),
        ]
    )
