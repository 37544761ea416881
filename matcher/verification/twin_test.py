"""The twin test: ask the picture only where two close references differ."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.keypoints.features import LocalFeatures
from matcher.keypoints.homography import find_placements
from matcher.keypoints.ratio_test import NearestNeighbourMatcher
from matcher.retrieval.reference import Reference
from matcher.verification.alignment import (
    Mask,
    ReferenceView,
    WarpedQuery,
    balance_exposure,
    best_correlation,
    chroma,
    correlation_where,
    luminance,
    smooth,
    variance,
    warp_onto,
)

_TWIN_INLIERS: Final = 20
_FEWEST_PIXELS: Final = 60
_DIFFERENT_PRINT: Final = 0.6
_DIFFERENT_COLOUR: Final = 14.0
_TEXTURED: Final = 120.0
_CONVINCING: Final = 0.45
_KEPT: Final = 2048


@dataclass(frozen=True, slots=True, eq=False)
class TwinDifference:
    """Where a twin differs from a reference, in the reference's look.

    Attributes:
        twin: (h, w, 3) uint8, the twin warped onto the reference.
        shared: (h, w) bool, both are product here.
        print_differs: (h, w) bool, textures disagree.
        colour_differs: (h, w) bool, colours disagree.
    """

    twin: NDArray[np.uint8]
    shared: Mask
    print_differs: Mask
    colour_differs: Mask


@dataclass(frozen=True, slots=True)
class TwinEvidence:
    """What the picture says where the twins differ; positive speaks for the first.

    Attributes:
        print_lead: in [-2, 2], correlation with the first minus with the twin.
        colour_lead: in [-2, 2]; 1: exactly the first's colour, -1: exactly the twin's.
        share: in [0, 1], part of the shared area that differs and is visible.
    """

    print_lead: float
    colour_lead: float
    share: float


def find_difference(
    look: ReferenceView, features: LocalFeatures, twin: ReferenceView, twin_features: LocalFeatures
) -> TwinDifference | None:
    """Align two references by their own keypoints; None if they are not twins."""
    pairs = NearestNeighbourMatcher().match(twin_features, [features])[0]
    placements = find_placements(pairs, twin_features, features)
    if not placements or placements[0].inliers < _TWIN_INLIERS:
        return None
    onto_twin = np.diag([1 / twin.scale, 1 / twin.scale, 1.0]) @ placements[0].homography
    seen = warp_onto(look, twin.picture, onto_twin)
    white = np.repeat(twin.mask[..., None], 3, 2).astype(np.uint8) * 255
    shared = look.mask & seen.inside & (warp_onto(look, white, onto_twin).picture[..., 0] > 127)
    if int(shared.sum()) < _FEWEST_PIXELS:
        return None
    ours, theirs = luminance(look.picture), luminance(seen.picture)
    textured = np.maximum(variance(ours), variance(theirs)) > _TEXTURED
    alike = best_correlation(ours, theirs) > _DIFFERENT_PRINT
    colours = np.hypot(*np.moveaxis(smooth(chroma(look.picture) - chroma(seen.picture)), 2, 0))
    return TwinDifference(
        seen.picture, shared, shared & textured & ~alike, shared & (colours > _DIFFERENT_COLOUR)
    )


def compare_twins(
    look: ReferenceView, differing: TwinDifference, query: WarpedQuery
) -> TwinEvidence:
    """Compare the query with both twins in one registration, where they differ."""
    warped, inside = query.picture, query.inside
    printed = differing.print_differs & inside
    coloured = differing.colour_differs & inside
    visible = differing.shared & inside
    share = float((printed | coloured).sum() / max(int(differing.shared.sum()), 1))
    return TwinEvidence(
        _print_lead(look.picture, differing.twin, warped, printed),
        _colour_lead(look.picture, differing.twin, warped, coloured, visible),
        share,
    )


def _print_lead(
    first: NDArray[np.uint8], twin: NDArray[np.uint8], query: NDArray[np.uint8], where: Mask
) -> float:
    if int(where.sum()) < _FEWEST_PIXELS:
        return 0.0
    grey = luminance(query)
    ours = correlation_where(where, luminance(first), grey)
    theirs = correlation_where(where, luminance(twin), grey)
    # Where the picture resembles neither (a new design, a hand) it has nothing to say.
    weight = np.clip((np.maximum(ours, theirs) - _CONVINCING) * 4, 0, 1)
    total = float(weight.sum())
    return float((weight * (ours - theirs)).sum() / max(total, _FEWEST_PIXELS))


def _colour_lead(
    first: NDArray[np.uint8],
    twin: NDArray[np.uint8],
    query: NDArray[np.uint8],
    where: Mask,
    visible: Mask,
) -> float:
    if int(where.sum()) < _FEWEST_PIXELS:
        return 0.0
    common = visible & ~where
    if int(common.sum()) < 4 * _FEWEST_PIXELS:
        common = visible
    balanced = smooth(chroma(balance_exposure(query, first, common)))
    ours, theirs = smooth(chroma(first)), smooth(chroma(twin))
    axis = theirs - ours
    along = ((balanced - ours) * axis).sum(axis=2) / ((axis**2).sum(axis=2) + 1e-6)
    return float(np.median(np.clip(1 - 2 * along, -2, 2)[where]))


class TwinTest:
    """Asks twins apart; differences of pairs are computed once and kept, bounded."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        self._lock = Lock()
        self._differences: OrderedDict[str, TwinDifference | None] = OrderedDict()

    def compare(
        self,
        first: Reference,
        second: Reference,
        query: WarpedQuery,
    ) -> TwinEvidence | None:
        """Evidence for the first against the second; None if they are not twins.

        Args:
            first: the reference whose frame is used.
            second: its rival.
            query: the picture that is asked, warped onto the first's look.
        """
        differing = self._difference(first, second)
        return None if differing is None else compare_twins(first.view, differing, query)

    def _difference(self, first: Reference, second: Reference) -> TwinDifference | None:
        key = f"{first.image_id}/{second.image_id}"
        with self._lock:
            if key in self._differences:
                self._differences.move_to_end(key)
                return self._differences[key]
        differing = find_difference(first.view, first.features, second.view, second.features)
        with self._lock:
            self._differences[key] = differing
            while len(self._differences) > self._kept:
                self._differences.popitem(last=False)
        return differing
