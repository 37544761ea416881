"""Words that are printed on a product, as they were read in a picture."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

MOST_WORDS_OF_PICTURE: Final = 100  # that are kept: those of the largest lines
LONGEST_WORD_CHARACTERS: Final = 40  # what is longer is no word


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
