"""From evidence to a probability: a logistic function of a few physical quantities."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.crops.locate.alignment.verification import Agreement

_CELL_NOISE: Final = 0.003  # of a correlation: compression leaves no cell nearer to 1
_WHOLE_NOISE: Final = 0.001  # of the same over the whole, where noise cancels out
ACCEPTED: Final = 0.5  # of the probability that both are one shot


@dataclass(frozen=True, slots=True)
class CropCalibration:
    """Weights of the logistic function; fitted as docs/crops/locate.md says.

    Attributes:
        weights: of each value of `evidence`.
    """

    weights: tuple[float, ...] = (
        -0.45, 0.19, -3.13, 0.0, 0.95, -0.09, -0.46, -0.01,
        -1.33, 0.68, 0.0, 0.21, 1.07, 0.67, -3.12, -1.36,
    )  # fmt: skip

    def probability(self, agreement: Agreement, inliers: int) -> float:
        """Probability in [0, 1] that the pictures are one shot, aligned rightly."""
        total = float(np.array(self.weights) @ evidence(agreement, inliers))
        return float(1.0 / (1.0 + np.exp(-np.clip(total, -30.0, 30.0))))


def evidence(agreement: Agreement, inliers: int) -> NDArray[np.float64]:
    """(16,) what the logistic function weighs, the constant first.

    Correlations count by how near they are to 1; without any texture, only that of the whole does.
    """
    textured = agreement.textured > 0
    texture = float(np.log1p(min(agreement.textured, 100.0)))
    sway = min(agreement.sway, 1.0)
    whole = _nearness(agreement.overall, _WHOLE_NOISE)
    return np.array(
        [
            1.0,
            _nearness(agreement.correlation, _CELL_NOISE) if textured else 0.0,
            0.0 if textured else 1.0,
            whole if textured else 0.0,
            0.0 if textured else whole,
            np.log1p(100 * agreement.disagreeing),
            np.log1p(100 * agreement.moved),
            np.log1p(100 * agreement.broken),
            min(agreement.drift, 2.0),
            agreement.worst if textured else 0.0,
            min(agreement.residual / max(agreement.contrast, 1.0), 1.0),
            texture,
            np.log(max(agreement.side, 1.0)) - 4.0,
            np.log1p(min(inliers, 50)),
            sway,
            sway * texture,
        ]
    )


def _nearness(correlation: float, noise: float) -> float:
    """Grows by 0.7 whenever what is missing to 1 is halved, down to some noise."""
    return float(-np.log(max(1.0 - correlation, 0.0) + noise))
