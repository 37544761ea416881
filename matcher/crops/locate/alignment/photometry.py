"""The full picture's colours as the crop shows them."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_ROUNDS: Final = 2  # of weighting; a third changes nothing
_LEAST_SPREAD: Final = 1.5  # grey levels: rounding and mild compression
_SAMPLES: Final = 5_000  # pixels, plenty for 15 numbers
_PAPER: Final = 8.0  # grey levels from the median within which a pixel is background
_PAPER_WEIGHT: Final = 0.05  # of a background pixel: of a page, most are
_FEWEST: Final = 30  # pixels that are not background, from which an error can be told
_LUMINANCE: Final = (0.299, 0.587, 0.114)  # weights of red, green and blue
_ZERO: Final = 128.0  # grey level of the terms' origin
_UNIT: Final = 64.0  # grey levels of the terms' unit


@dataclass(frozen=True, slots=True, eq=False)
class ColourMatch:
    """Turns colours of the full picture into those of the crop.

    Attributes:
        solution: (5, 3) weights of `_terms`, for each channel.
    """

    solution: NDArray[np.float64]

    def apply(self, image: NDArray[np.generic]) -> NDArray[np.float32]:
        """Colours of an (h, w, 3) picture as the crop shows them."""
        fitted = _terms(image.reshape(-1, 3)) @ self.solution.astype(np.float32)
        return np.asarray(np.clip(fitted, -20, 275).reshape(image.shape), np.float32)

    def luminance(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """(h, w) luminance of an (h, w, 3) picture as the crop shows it."""
        weights = self.solution @ np.array(_LUMINANCE)
        constant = weights[4] - _ZERO / _UNIT * weights[:3].sum()
        linear = np.array([[*(weights[:3] / _UNIT), constant]])
        grey = cv2.transform(image, linear)
        mean = cv2.transform(image, np.array([[*(1 / (3 * _UNIT),) * 3, -_ZERO / _UNIT]]))
        grey = grey + np.float32(weights[3]) * mean**2
        return np.asarray(np.clip(grey, -20, 275), np.float32)


def match_colours(
    full: NDArray[np.float32], crop: NDArray[np.float32], weights: NDArray[np.float32]
) -> ColourMatch:
    """Fit the crop's (h, w, 3) colours by a polynomial of the full picture's, robustly.

    Each channel of the crop is a linear function of the three channels and of the squared mean:
    exposure, contrast, saturation, tint, a mild curve.

    Args:
        full: colours of the full picture, aligned.
        crop: colours of the crop.
        weights: (h, w), 0 where a pixel does not count.
    """
    every = max(1, weights.size // _SAMPLES)
    rows = _terms(full.reshape(-1, 3)[::every])
    goal = crop.reshape(-1, 3)[::every]
    weight = weights.reshape(-1)[::every]
    paper = np.abs(goal - np.median(goal[::7], axis=0)).max(axis=1) < _PAPER
    weight = np.where(paper, np.float32(_PAPER_WEIGHT), np.float32(1.0)) * weight
    judged = (weight > 0) & ~paper
    if int(judged.sum()) < _FEWEST:
        judged = weight > 0
    solution = np.zeros((5, 3))
    ridge = np.diag([1.0, 1.0, 1.0, 1.0, 1e-6]) * 1e-4 * max(weight.sum(), 1.0)
    current = weight
    for _ in range(_ROUNDS):
        weighted = (rows * current[:, None]).T
        left = (weighted @ rows).astype(np.float64) + ridge
        solution = np.linalg.solve(left, (weighted @ goal).astype(np.float64))
        off = np.abs(goal - rows @ solution.astype(np.float32)) @ np.full(3, 1 / 3, np.float32)
        counted = off[judged]
        spread = max(_LEAST_SPREAD, 2.0 * float(np.median(counted))) if len(counted) else 1.0
        current = weight / (1.0 + (off / spread) ** 2)
    return ColourMatch(solution)


def _terms(colours: NDArray[np.generic]) -> NDArray[np.float32]:
    values = (colours.astype(np.float32) - np.float32(_ZERO)) / np.float32(_UNIT)
    terms = np.ones((len(values), 5), np.float32)
    terms[:, :3] = values
    terms[:, 3] = np.square(values @ np.full(3, 1 / 3, np.float32))
    return terms
