"""How a print differs from its digital original before any camera sees it.

Inks, paper and age give other colours, blacks that are grey and whites that are cream.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_CROSSTALK: Final = 0.07  # of each ink that goes into another, standard deviation
_GAMMA: Final = (0.15, 0.25)  # of one channel and of all, standard deviations of the logarithm
_BLACK: Final = (0.0, 0.18)  # of full light that the darkest ink throws back
_WHITE: Final = (0.75, 1.0)  # of full light that the paper throws back
_SATURATION: Final = (0.55, 1.1)  # factor of every colour's distance from grey

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Reproduction:
    """The parameters of one printing.

    Attributes:
        inks: (3, 3) float32, how much of each channel goes into each.
        gamma: (3,) float32, exponent of each channel.
        saturation: factor of every colour's distance from grey.
        black: level of the darkest ink, in [0, 1].
        white: level of the paper, in [0, 1].
    """

    inks: NDArray[np.float32]
    gamma: NDArray[np.float32]
    saturation: float
    black: float
    white: float


def draw_reproduction(rng: np.random.Generator) -> Reproduction:
    """Draw a printing, from hardly visible to bad."""
    single, common = _GAMMA
    return Reproduction(
        inks=(np.eye(3) + rng.normal(0, _CROSSTALK, (3, 3))).astype(np.float32),
        gamma=np.exp(rng.normal(0, single, 3) + rng.normal(0, common)).astype(np.float32),
        saturation=float(rng.uniform(*_SATURATION)),
        black=float(rng.uniform(*_BLACK)),
        white=float(rng.uniform(*_WHITE)),
    )


def reproduce(picture: Image, printing: Reproduction) -> Image:
    """Return an (H, W, 3) RGB picture as that printing shows it; same shape."""
    mixed = (picture.astype(np.float32) / 255) @ printing.inks.T
    values = np.clip(mixed, 0, 1) ** printing.gamma
    grey = values.mean(axis=2, keepdims=True)
    muted = np.clip(grey + (values - grey) * np.float32(printing.saturation), 0, 1)
    levels = printing.black + (printing.white - printing.black) * muted
    return np.asarray(levels * 255, np.uint8)
