"""Placements worth believing: found by keypoints or by correlation, refined and verified."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from matcher.crops.locate.alignment.borders import sharpen_box
from matcher.crops.locate.alignment.refinement import refine
from matcher.crops.locate.alignment.verification import Agreement, compare
from matcher.crops.locate.decision import CropCalibration
from matcher.crops.locate.dense import search_densely
from matcher.crops.locate.features import CropKeypoints, pair_keypoints
from matcher.crops.locate.geometry import (
    CropPlacement,
    PixelSize,
    overshoot,
    quad_area,
    rectangle,
    shared_area,
)
from matcher.crops.locate.hypotheses import find_hypotheses
from matcher.crops.locate.pictures import ContentBox, whole_box
from matcher.crops.locate.pyramid import PicturePyramid

# Pixels of the outer picture per pixel of the inner one: below, the inner picture was enlarged more
# than five times, and a few smooth pixels of the other would explain all of it.
_LEAST_SCALE: Final = 0.2
_LEAST_SHARED: Final = 0.03  # of the smaller picture; two crops that share less are not found
_COARSE: Final = (40, 96)  # sides of grids in pixels, after a search by correlation
_FINE: Final = (128, 256)  # the same, once a place is likely
_FINEST: Final = (640,)  # the same, for the answer
_UNLIKELY: Final = 0.003  # a probability on a coarse grid below which no finer one is laid
_REACHING_OUT: Final = 0.1  # of the probability that lying outside takes away
_SURE: Final = 0.95  # a probability above which no other hypothesis is tried
_KEPT_PEAKS: Final = (5, 3)  # places after each of them, of which the last are looked at closely
_FIRST_PX: Final = 48  # side of the grid on which hopeless placements are told
_POOR_START: Final = 0.35  # correlation there: colours alone reach that; keypoints err by less
_GOOD_START: Final = 0.6  # correlation there: near enough for finer grids
_MANY_INLIERS: Final = 15  # pairs of keypoints; fewer may agree by accident
_HOPELESS: Final = 0.4  # correlation: no compression or overlay takes more from a true place
_BETTER: Final = 0.02  # in `grade`: what leaving out borders must gain


@dataclass(frozen=True, slots=True, eq=False)
class CropCandidate:
    """A placement with its evidence.

    Attributes:
        placement: from the inner picture to the outer one.
        inner_is_a: the first picture is the inner one.
        box: the inner picture without borders that were added.
        agreement: over that box.
        inliers: pairs of keypoints that agree.
        probability: that it is right.
    """

    placement: CropPlacement
    inner_is_a: bool
    box: ContentBox
    agreement: Agreement
    inliers: int
    probability: float

    @property
    def preference(self) -> float:
        """Sorts candidates: of equals, the one that lies within the outer picture comes first."""
        return _preferred(self.probability, self.agreement)


def from_keypoints(
    a: PicturePyramid,
    b: PicturePyramid,
    keys: tuple[CropKeypoints, CropKeypoints],
    calibration: CropCalibration,
) -> list[CropCandidate]:
    """Candidates that pairs of keypoints agree on."""
    found = []
    for hypothesis in find_hypotheses(pair_keypoints(keys[1], keys[0])):
        candidate = _verified(a, b, hypothesis.placement, hypothesis.inliers, calibration)
        if candidate is not None:
            found.append(candidate)
            if candidate.probability > _SURE:
                break
    return found


def from_correlation(
    a: PicturePyramid, b: PicturePyramid, calibration: CropCalibration, *, inner_is_a: bool
) -> list[CropCandidate]:
    """Candidates where a small copy of the one fits somewhere in the other."""
    inner, outer = (a, b) if inner_is_a else (b, a)
    rough = [peak.placement for peak in search_densely(inner, inner.content, outer)]
    for side, kept in zip(_COARSE, _KEPT_PEAKS, strict=True):
        rough = _likeliest(inner, outer, rough, side, calibration)[:kept]
    found = []
    for placement in rough:
        candidate = _settled(inner, outer, placement, 0, calibration)
        if candidate is not None:
            found.append(replace(candidate, inner_is_a=inner_is_a))
            if candidate.probability > _SURE:
                break
    return found


def _likeliest(
    inner: PicturePyramid,
    outer: PicturePyramid,
    placements: list[CropPlacement],
    side: int,
    calibration: CropCalibration,
) -> list[CropPlacement]:
    """Placements refined on a grid of this size, those that agree best first."""
    graded: list[tuple[float, CropPlacement]] = []
    for start in placements:
        placement = refine(inner, inner.content, outer, start, (side,), unturned=True)
        agreement = compare(inner, inner.content, outer, placement, side, shifts=False)
        likely = 0.0 if agreement is None else calibration.probability(agreement, 0)
        if likely >= _UNLIKELY or len(placements) > _KEPT_PEAKS[0]:
            graded.append((_preferred(likely, agreement), placement))
    graded.sort(key=lambda pair: -pair[0])
    return [placement for _, placement in graded]


def _preferred(probability: float, agreement: Agreement | None) -> float:
    covered = agreement.covered if agreement is not None else 0.0
    return probability * (1.0 - _REACHING_OUT * (1.0 - covered))


def polished(a: PicturePyramid, b: PicturePyramid, candidate: CropCandidate) -> CropCandidate:
    """The candidate refined at the finest resolution that pays."""
    inner, outer = (a, b) if candidate.inner_is_a else (b, a)
    placement = refine(inner, candidate.box, outer, candidate.placement, _FINEST)
    return replace(candidate, placement=placement)


def _verified(
    a: PicturePyramid,
    b: PicturePyramid,
    placement: CropPlacement,
    inliers: int,
    calibration: CropCalibration,
) -> CropCandidate | None:
    """Take for the inner picture the one that lies more within the other."""
    share_b = _share_within(b, placement, a)
    back = placement.inverse()
    share_a = _share_within(a, back, b)
    if max(share_a, share_b) < _LEAST_SHARED:
        return None
    inner_is_a = share_a > share_b + 0.01
    inner, outer = (a, b) if inner_is_a else (b, a)
    start: CropPlacement | None = back.squared_up() if inner_is_a else placement
    if start is not None and inliers < _MANY_INLIERS:
        start = _hopeful(inner, outer, start)
    if start is None:
        return None
    candidate = _settled(inner, outer, start, inliers, calibration)
    return None if candidate is None else replace(candidate, inner_is_a=inner_is_a)


def _share_within(inner: PicturePyramid, placement: CropPlacement, outer: PicturePyramid) -> float:
    """Share of a picture's content that lies within the other's, borders left out of both."""
    box, frame = inner.content, outer.content
    outline = placement.apply(rectangle(box.left, box.top, box.right, box.bottom))
    shifted = outline - np.array([frame.left, frame.top])
    size = PixelSize(frame.right - frame.left, frame.bottom - frame.top)
    return shared_area(shifted, size) / max(quad_area(outline), 1e-9)


def _settled(
    inner: PicturePyramid,
    outer: PicturePyramid,
    placement: CropPlacement,
    inliers: int,
    calibration: CropCalibration,
) -> CropCandidate | None:
    """Refine and verify, with and without borders of one colour."""
    whole, content = whole_box(inner.image), inner.content
    refined = refine(inner, content, outer, placement, _FINE[:1])
    first = compare(inner, content, outer, refined, _FINE[0], shifts=False)
    if first is None or max(first.overall, first.correlation) < _HOPELESS:
        return None
    likely = calibration.probability(first, inliers)
    if likely < _UNLIKELY and content == whole:
        return CropCandidate(refined, False, content, first, inliers, likely)
    refined = refine(inner, content, outer, refined, _FINE[1:])
    agreement = compare(inner, content, outer, refined)
    if agreement is None:
        return None
    box = content
    if content != whole:
        # To the comparison a border of one colour would be an overlay.
        full = compare(inner, whole, outer, refined, overlays=False)
        part = compare(inner, content, outer, refined, overlays=False) or agreement
        out = overshoot(refined.outline(inner.size), outer.size)
        if full is not None and out <= 2.0 * max(1.0, refined.scale) and agrees_as_well(full, part):
            box, agreement = whole, compare(inner, whole, outer, refined) or full
        else:
            box = sharpen_box(inner, content, outer, refined)
            agreement = compare(inner, box, outer, refined) or agreement
    if refined.scale < _LEAST_SCALE:
        return None
    probability = calibration.probability(agreement, inliers)
    return CropCandidate(refined, False, box, agreement, inliers, probability)


def _hopeful(
    inner: PicturePyramid, outer: PicturePyramid, placement: CropPlacement
) -> CropPlacement | None:
    """The placement, moved a little if that helps; None where hardly anything agrees."""
    at_once = compare(inner, inner.content, outer, placement, _FIRST_PX, shifts=False)
    if at_once is None or at_once.overall >= _GOOD_START:
        return placement
    if at_once.overall < _POOR_START:
        return None
    moved = refine(inner, inner.content, outer, placement, (_FIRST_PX,))
    after = compare(inner, inner.content, outer, moved, _FIRST_PX, shifts=False)
    if after is None or max(after.overall, after.correlation) < _HOPELESS:
        return None
    return moved if after.overall > at_once.overall else placement


def agrees_as_well(one: Agreement, other: Agreement) -> bool:
    """Whether one comparison is not worse than another of the same two pictures."""
    return _grade(one) > _grade(other) - _BETTER


def _grade(agreement: Agreement) -> float:
    return agreement.correlation - agreement.disagreeing - agreement.moved
