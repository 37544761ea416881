"""Does a picture show another print or colour than the reference that it was aligned with?

What correlation and colour distance cannot tell (a blurred print from another one, a shadow from
another ink, a bent carton from another layout), a small network has learnt from pictures and their
altered copies.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from matcher.networks.grids import COMPARED_CELL as CELL
from matcher.networks.runtime import LoadedNetwork
from matcher.verification.alignment import (
    AlignmentScore,
    ReferenceView,
    WarpedQuery,
    balance_exposure,
)

_WHITE: Final = 255
_SEEN: Final = 0.6
_FEWEST_CELLS: Final = 4
_FEWEST_PIXELS: Final = 200
_SUREST: Final = 6.0
# Without a network: what it says on average of photos with that correlation and colour distance.
_UNSEEN: Final = -2.5
_BY_CORRELATION: Final = -3.7
_BY_CHROMA: Final = 0.16

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class ComparedPair:
    """A reference's look and a picture that was warped onto it.

    Attributes:
        look: of the reference.
        warped: the picture.
        aligned: what correlation and colours say of them.
    """

    view: ReferenceView
    warped: WarpedQuery
    alignment: AlignmentScore


class Comparator(Protocol):
    """Tells how much aligned pictures differ."""

    def differences(self, comparisons: Sequence[ComparedPair]) -> Floats:
        """(N,) in [-6, 0]: mean log-odds of what is in view that it shows something else."""
        ...


class PlainComparator:
    """Implements `Comparator` without a network, from correlation and colour distance."""

    def differences(self, comparisons: Sequence[ComparedPair]) -> Floats:
        """(N,) an estimate of what a network would say."""
        said = [
            _UNSEEN
            + _BY_CORRELATION * one.alignment.correlation
            + _BY_CHROMA * one.alignment.chroma
            for one in comparisons
        ]
        return np.clip(np.array(said, np.float32), -_SUREST, 0.0)


class NetworkComparator:
    """Implements `Comparator`; safe to share between threads."""

    def __init__(self, network: LoadedNetwork) -> None:
        self._compare = network.functions["compare"]

    def differences(self, comparisons: Sequence[ComparedPair]) -> Floats:
        """(N,) in [-6, 0]: mean log-odds of what is in view that it shows something else."""
        if not comparisons:
            return np.zeros(0, np.float32)
        height, width = (
            max(one.view.picture.shape[axis] for one in comparisons) for axis in (0, 1)
        )
        pairs = [prepare_pair(one.view, one.warped) for one in comparisons]
        references = stack_padded([one for one, _ in pairs], height, width)
        queries = stack_padded([one for _, one in pairs], height, width)
        logits = self._compare(references, queries)[0]
        return np.array(
            [
                mean_difference(map_, one.view.mask & one.warped.inside)
                for map_, one in zip(logits, comparisons, strict=True)
            ],
            np.float32,
        )


def prepare_pair(look: ReferenceView, warped: WarpedQuery) -> tuple[Image, Image]:
    """Both pictures as the network sees them, (h, w, 3): the query at the reference's exposure."""
    visible = look.mask & warped.inside
    if int(visible.sum()) < _FEWEST_PIXELS:
        return look.picture, warped.picture
    return look.picture, balance_exposure(warped.picture, look.picture, visible)


def stack_padded(pictures: Sequence[Image], height: int, width: int) -> Floats:
    """(N, 3, H, W) float32 in [0, 1], white beyond a picture; sides rounded up to whole cells."""
    rows, columns = (-(-side // CELL) * CELL for side in (height, width))
    sheet = np.full((len(pictures), rows, columns, 3), _WHITE, np.uint8)
    for place, picture in zip(sheet, pictures, strict=True):
        place[: picture.shape[0], : picture.shape[1]] = picture
    return np.ascontiguousarray(sheet.transpose(0, 3, 1, 2), np.float32) / np.float32(255)


def mean_difference(logits: Floats, visible: NDArray[np.bool_]) -> float:
    """Mean log-odds over the cells in view, in [-6, 0]; 0 where too little is in view.

    Beyond even odds it does not matter how different it looks: a carton's other side, a hand or a
    reflection is as different as another product.

    Args:
        logits: (rows, columns) of the network, at least as large as the look.
        visible: (h, w) bool, product and inside the picture.
    """
    cells = cell_shares(visible, logits.shape[0], logits.shape[1]) > _SEEN
    if int(cells.sum()) < _FEWEST_CELLS:
        return 0.0
    return min(float(np.clip(logits[cells], -_SUREST, _SUREST).mean()), 0.0)


def cell_shares(mask: NDArray[np.bool_], rows: int, columns: int) -> Floats:
    """(rows, columns) float32 in [0, 1]: how much of each cell a mask covers."""
    whole = np.zeros((rows * CELL, columns * CELL), np.float32)
    whole[: mask.shape[0], : mask.shape[1]] = mask
    shares: Floats = whole.reshape(rows, CELL, columns, CELL).mean(axis=(1, 3))
    return shares
