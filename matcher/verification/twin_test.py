"""The twin test: compare a picture with two close references only where they differ."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.keypoints.features import LocalFeatures
from matcher.keypoints.homography import find_placements
from matcher.keypoints.ratio_test import NearestNeighbourMatcher
from matcher.retrieval.reference import Reference, ReferenceView
from matcher.verification.alignment import (
    Mask,
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


@dataclass(frozen=True, slots=True)
class TwinTestSettings:
    """Thresholds of the twin test; pixels are those of a reference view."""

    inliers: int = 20  # keypoints that agree, from which two references are twins
    fewest_pixels: int = 60  # that must differ, or be common, to say anything
    different_print: float = 0.6  # correlation below which print differs
    different_colour: float = 14.0  # units of 8-bit CIELAB above which colour differs
    textured: float = 120.0  # variance of grey values from which a window shows print
    convincing: float = 0.45  # correlation above which the picture resembles a twin at all
    kept: int = 2048  # pairs of references whose differences stay in memory


TWIN_TEST_SETTINGS: Final = TwinTestSettings()


@dataclass(frozen=True, slots=True, eq=False)
class TwinDifference:
    """Where a twin differs from a reference, in the pixels of the reference's view.

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
    """Evidence where the twins differ; positive numbers favour the first.

    Attributes:
        print_lead: in [-2, 2], correlation with the first minus with the twin.
        colour_lead: in [-2, 2]; 1: exactly the first's colour, -1: exactly the twin's.
        share: in [0, 1], part of the shared area that differs and is visible.
    """

    print_lead: float
    colour_lead: float
    share: float


def find_difference(
    view: ReferenceView,
    features: LocalFeatures,
    twin: ReferenceView,
    twin_features: LocalFeatures,
    settings: TwinTestSettings = TWIN_TEST_SETTINGS,
) -> TwinDifference | None:
    """Align two references by their own keypoints; None if they are not twins."""
    pairs = NearestNeighbourMatcher().match(twin_features, [features])[0]
    placements = find_placements(pairs, twin_features, features)
    if not placements or placements[0].inliers < settings.inliers:
        return None
    onto_twin = np.diag([1 / twin.scale, 1 / twin.scale, 1.0]) @ placements[0].homography
    seen = warp_onto(view, twin.picture, onto_twin)
    white = np.repeat(twin.mask[..., None], 3, 2).astype(np.uint8) * 255
    shared = view.mask & seen.inside & (warp_onto(view, white, onto_twin).picture[..., 0] > 127)
    if int(shared.sum()) < settings.fewest_pixels:
        return None
    ours, theirs = luminance(view.picture), luminance(seen.picture)
    textured = np.maximum(variance(ours), variance(theirs)) > settings.textured
    alike = best_correlation(ours, theirs) > settings.different_print
    colours = np.hypot(*np.moveaxis(smooth(chroma(view.picture) - chroma(seen.picture)), 2, 0))
    coloured = colours > settings.different_colour
    return TwinDifference(seen.picture, shared, shared & textured & ~alike, shared & coloured)


def compare_twins(
    view: ReferenceView,
    differing: TwinDifference,
    query: WarpedQuery,
    settings: TwinTestSettings = TWIN_TEST_SETTINGS,
) -> TwinEvidence:
    """Compare the query with both twins in one registration, where they differ."""
    warped, inside = query.picture, query.inside
    printed = differing.print_differs & inside
    coloured = differing.colour_differs & inside
    visible = differing.shared & inside
    share = float((printed | coloured).sum() / max(int(differing.shared.sum()), 1))
    return TwinEvidence(
        _print_lead(view.picture, differing.twin, warped, printed, settings),
        _colour_lead(view.picture, differing.twin, warped, coloured, visible, settings),
        share,
    )


def _print_lead(
    first: NDArray[np.uint8],
    twin: NDArray[np.uint8],
    query: NDArray[np.uint8],
    where: Mask,
    settings: TwinTestSettings,
) -> float:
    if int(where.sum()) < settings.fewest_pixels:
        return 0.0
    grey = luminance(query)
    ours = correlation_where(where, luminance(first), grey)
    theirs = correlation_where(where, luminance(twin), grey)
    # Where the picture resembles neither (a new design, a hand) it is no evidence.
    weight = np.clip((np.maximum(ours, theirs) - settings.convincing) * 4, 0, 1)
    total = float(weight.sum())
    return float((weight * (ours - theirs)).sum() / max(total, settings.fewest_pixels))


def _colour_lead(
    first: NDArray[np.uint8],
    twin: NDArray[np.uint8],
    query: NDArray[np.uint8],
    where: Mask,
    visible: Mask,
    settings: TwinTestSettings,
) -> float:
    if int(where.sum()) < settings.fewest_pixels:
        return 0.0
    common = visible & ~where
    if int(common.sum()) < 4 * settings.fewest_pixels:
        common = visible
    balanced = smooth(chroma(balance_exposure(query, first, common)))
    ours, theirs = smooth(chroma(first)), smooth(chroma(twin))
    axis = theirs - ours
    along = ((balanced - ours) * axis).sum(axis=2) / ((axis**2).sum(axis=2) + 1e-6)
    return float(np.median(np.clip(1 - 2 * along, -2, 2)[where]))


class TwinTest:
    """Tells twins apart; differences of pairs are computed once and kept, bounded; thread-safe."""

    def __init__(self, settings: TwinTestSettings = TWIN_TEST_SETTINGS) -> None:
        self._settings = settings
        self._lock = Lock()
        self._differences: OrderedDict[str, TwinDifference | None] = OrderedDict()

    def compare(
        self, first: Reference, second: Reference, query: WarpedQuery
    ) -> TwinEvidence | None:
        """Return evidence for the first against the second; None if they are not twins.

        Args:
            first: the reference in whose view they are compared.
            second: its rival.
            query: the picture, warped onto the first's view.
        """
        differing = self._difference(first, second)
        if differing is None:
            return None
        return compare_twins(first.view, differing, query, self._settings)

    def _difference(self, first: Reference, second: Reference) -> TwinDifference | None:
        key = f"{first.content_id}/{second.content_id}"
        with self._lock:
            if key in self._differences:
                self._differences.move_to_end(key)
                return self._differences[key]
        differing = find_difference(
            first.view, first.features, second.view, second.features, self._settings
        )
        with self._lock:
            self._differences[key] = differing
            while len(self._differences) > self._settings.kept:
                self._differences.popitem(last=False)
        return differing
