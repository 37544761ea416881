"""From evidence to a probability: a logistic function of a few physical quantities."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.crops.locate.alignment.verification import Agreement

ACCEPTED: Final = 0.5  # of the probability that both are one shot


@dataclass(frozen=True, slots=True)
class CropCalibration:
    """Weights of the logistic function; fitted as docs/crops/locate.md says.

    Attributes:
        weights: of each value of `evidence`.
    """

    weights: tuple[float, ...] = (
        -4.85, 1.04, 3.67, -0.33, -1.8, -0.33, -3.61,
        0.93, 0.0, 0.0, 1.35, 1.26, 0.0,
    )  # fmt: skip

    def probability(self, agreement: Agreement, inliers: int) -> float:
        """Probability in [0, 1] that the pictures are one shot, aligned rightly."""
        total = float(np.array(self.weights) @ evidence(agreement, inliers))
        return float(1.0 / (1.0 + np.exp(-np.clip(total, -30.0, 30.0))))


def evidence(agreement: Agreement, inliers: int) -> NDArray[np.float64]:
    """(13,) what the logistic function weighs, the constant first."""
    textured = agreement.textured > 0
    return np.array(
        [
            1.0,
            agreement.correlation if textured else agreement.overall,
            agreement.overall,
            np.log1p(100 * agreement.disagreeing),
            np.log1p(100 * agreement.moved),
            np.log1p(100 * agreement.broken),
            min(agreement.drift, 2.0),
            agreement.worst if textured else agreement.overall,
            min(agreement.residual / max(agreement.contrast, 1.0), 1.0),
            np.log1p(min(agreement.textured, 100.0)),
            np.log(max(agreement.side, 1.0)) - 4.0,
            np.log1p(min(inliers, 50)),
            min(agreement.sway, 1.0),
        ]
    )
