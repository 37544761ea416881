"""The comparator: does a picture show another print or colour than its aligned reference?

Correlation and colour distance cannot tell a blurred print from another one, a shadow from another
ink, or a bent carton from another layout; a small network has learnt that from pictures and their
altered copies.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from matcher.networks.grids import COMPARED_CELL
from matcher.networks.runtime import LoadedNetwork
from matcher.retrieval.reference import ReferenceView
from matcher.verification.alignment import AlignmentScore, WarpedQuery, balance_exposure

_WHITE: Final = 255  # beyond a picture, as most catalog pictures have it
_SEEN: Final = 0.6  # share of a cell that must be in view
_FEWEST_CELLS: Final = 4  # in view; fewer say nothing
_FEWEST_PIXELS: Final = 200  # in view; fewer give no exposure to balance
_SUREST: Final = 6.0  # log-odds; bounds what a single cell can say
# Without a network: its log-odds on average of photos with that correlation and colour distance.
_AVERAGE: Final = -2.5
_BY_CORRELATION: Final = -3.7  # per unit of correlation
_BY_CHROMA: Final = 0.16  # per unit of CIELAB

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class AlignedPair:
    """A reference view and a picture that was warped onto it.

    Attributes:
        view: of the reference.
        warped: the picture.
        alignment: their correlation and colour distance.
    """

    view: ReferenceView
    warped: WarpedQuery
    alignment: AlignmentScore


class Comparator(Protocol):
    """Estimates whether aligned pictures show another print."""

    def differences(self, pairs: Sequence[AlignedPair]) -> Floats:
        """Return (N,) in [-6, 0]: mean log-odds, over what is in view, of showing another print."""


class PlainComparator:
    """Implements `Comparator` without a network, from correlation and colour distance."""

    def differences(self, pairs: Sequence[AlignedPair]) -> Floats:
        """Return (N,) in [-6, 0]: an estimate of a network's answer."""
        scores = [pair.alignment for pair in pairs]
        log_odds = [
            _AVERAGE + _BY_CORRELATION * score.correlation + _BY_CHROMA * score.chroma
            for score in scores
        ]
        return np.clip(np.array(log_odds, np.float32), -_SUREST, 0.0)


class NetworkComparator:
    """Implements `Comparator`; safe to share between threads."""

    def __init__(self, network: LoadedNetwork) -> None:
        self._compare = network.functions["compare"]

    def differences(self, pairs: Sequence[AlignedPair]) -> Floats:
        """Return (N,) in [-6, 0]: mean log-odds, over what is in view, of showing another print."""
        if not pairs:
            return np.zeros(0, np.float32)
        height, width = (max(pair.view.picture.shape[axis] for pair in pairs) for axis in (0, 1))
        prepared = [prepare_pair(pair.view, pair.warped) for pair in pairs]
        references = stack_padded([reference for reference, _ in prepared], height, width)
        queries = stack_padded([query for _, query in prepared], height, width)
        logits = self._compare(references, queries)[0]
        return np.array(
            [
                mean_difference(map_, pair.view.mask & pair.warped.inside)
                for map_, pair in zip(logits, pairs, strict=True)
            ],
            np.float32,
        )


def prepare_pair(view: ReferenceView, warped: WarpedQuery) -> tuple[Image, Image]:
    """Return both pictures, (h, w, 3), with the query at the reference's exposure."""
    visible = view.mask & warped.inside
    if int(visible.sum()) < _FEWEST_PIXELS:
        return view.picture, warped.picture
    return view.picture, balance_exposure(warped.picture, view.picture, visible)


def stack_padded(pictures: Sequence[Image], height: int, width: int) -> Floats:
    """Stack to (N, 3, H, W) float32 in [0, 1], padded white to whole cells."""
    rows, columns = (-(-side // COMPARED_CELL) * COMPARED_CELL for side in (height, width))
    sheet = np.full((len(pictures), rows, columns, 3), _WHITE, np.uint8)
    for place, picture in zip(sheet, pictures, strict=True):
        place[: picture.shape[0], : picture.shape[1]] = picture
    return np.ascontiguousarray(sheet.transpose(0, 3, 1, 2), np.float32) / np.float32(255)


def mean_difference(logits: Floats, visible: NDArray[np.bool_]) -> float:
    """Return the mean log-odds over the cells in view, in [-6, 0]; 0 with too little in view.

    Beyond even odds the degree does not matter: a carton's other side, a hand or a reflection is as
    different as another product.

    Args:
        logits: (rows, columns) of the network, at least as large as the view.
        visible: (h, w) bool, product and inside the picture.
    """
    cells = cell_shares(visible, logits.shape[0], logits.shape[1]) > _SEEN
    if int(cells.sum()) < _FEWEST_CELLS:
        return 0.0
    return min(float(np.clip(logits[cells], -_SUREST, _SUREST).mean()), 0.0)


def cell_shares(mask: NDArray[np.bool_], rows: int, columns: int) -> Floats:
    """Return (rows, columns) float32 in [0, 1]: the share of each cell that a mask covers."""
    whole = np.zeros((rows * COMPARED_CELL, columns * COMPARED_CELL), np.float32)
    whole[: mask.shape[0], : mask.shape[1]] = mask
    shares: Floats = whole.reshape(rows, COMPARED_CELL, columns, COMPARED_CELL).mean(axis=(1, 3))
    return shares
