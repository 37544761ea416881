"""Things that somebody may mean in a picture."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box


class ProposalKind(StrEnum):
    """The kinds of things that may be meant."""

    PAINTING = "painting"
    OBJECT = "object"
    WHOLE = "whole"
    """The whole picture, where nothing in it stands out."""


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """One thing that somebody may mean.

    Attributes:
        box: in pixels of the picture.
        kind: of thing.
        confidence: that this is what is meant, in [0, 1].
        corners: (4, 2) of a painting, clockwise from its top left; None where it has none.
    """

    box: Box
    kind: ProposalKind
    confidence: float
    corners: NDArray[np.float64] | None = None
