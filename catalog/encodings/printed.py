"""Words that are printed on a product, as they were read in a picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class PrintedWord:
    """A word in a picture.

    Attributes:
        text: as it was read, without blanks; not empty.
        confidence: in [0, 1], that it was read right.
        outline: (4, 2) float32, its corners in the picture's pixels, clockwise from the text's own
            top left, so that they also say how the text is turned.
    """

    text: str
    confidence: float
    outline: NDArray[np.float32]
