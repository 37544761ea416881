"""The answer: how two pictures are related."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from matcher.crops.locate.geometry import CropPlacement

Relation: TypeAlias = Literal["crop", "same", "overlap", "ambiguous", "unrelated"]
Side: TypeAlias = Literal["a", "b"]


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """One part that both pictures show.

    Attributes:
        a: (4, 2) its corners in the first picture, pixels, edges at integers.
        b: (4, 2) in the second.
    """

    a: NDArray[np.float64]
    b: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Location:
    """How a second picture is related to a first one.

    Attributes:
        relation: `crop`, `same`, `overlap`, `ambiguous` or `unrelated`.
        probability: that both show one and the same shot, 0 to 1.
        crop: which picture is the crop; None unless `relation` is crop or ambiguous.
        placement: from the crop to the full picture (from the second to the first if same or
            overlap); None if unrelated or ambiguous.
        outline: (4, 2) the crop's corners in the full picture; None where `placement` is.
        places: of an overlap the shared part, of an ambiguous crop where it may be from.
        mirror_found: unrelated, but the mirror image of one fits the other.
        even: the crop has hardly any contrast.
        both_even: so has the full picture, and both have the same colour.
    """

    relation: Relation
    probability: float
    crop: Side | None
    placement: CropPlacement | None
    outline: NDArray[np.float64] | None
    places: tuple[Place, ...] = ()
    mirror_found: bool = False
    even: bool = False
    both_even: bool = False
