"""The three kinds of package, with what is printed on them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Print = NDArray[np.uint8]  # (H, W, 3) RGB


@dataclass(frozen=True, slots=True, eq=False)
class Carton:
    """A box; sizes in metres.

    Attributes:
        width: left to right.
        height: top to bottom.
        depth: front to back.
        front: printed on the front and the back.
        side: printed on both sides.
        top: printed on the top and the bottom.
        gloss: strength of its highlight in [0, 1].
    """

    width: float
    height: float
    depth: float
    front: Print
    side: Print
    top: Print
    gloss: float = 0.35


@dataclass(frozen=True, slots=True, eq=False)
class Tin:
    """A cylinder; sizes in metres.

    Attributes:
        width: its diameter.
        height: top to bottom.
        label: printed all around, its middle in front.
        lid: its round top.
        gloss: strength of its highlight in [0, 1].
    """

    width: float
    height: float
    label: Print
    lid: Print
    gloss: float = 0.6

    @property
    def depth(self) -> float:
        """As its width."""
        return self.width


@dataclass(frozen=True, slots=True, eq=False)
class Pouch:
    """A filled bag with sealed ends; sizes in metres.

    Attributes:
        width: left to right.
        height: top to bottom.
        depth: how thick the filling makes it.
        front: printed on the front.
        gloss: strength of its highlight in [0, 1].
    """

    width: float
    height: float
    depth: float
    front: Print
    gloss: float = 0.7


Solid = Carton | Tin | Pouch
