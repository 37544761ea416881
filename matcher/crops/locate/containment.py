"""Which of two pictures lies within the other, where plain ground or smoothness leaves it open."""

from dataclasses import replace
from typing import Final

import numpy as np

from matcher.crops.locate.alignment.verification import compare
from matcher.crops.locate.ambiguity import as_good
from matcher.crops.locate.candidates import CropCandidate, agrees_as_well
from matcher.crops.locate.geometry import CropPlacement, PixelSize, overshoot, rectangle
from matcher.crops.locate.pictures import whole_box
from matcher.crops.locate.pyramid import PicturePyramid

# How far an outline may reach out and still lie within: pixels of the coarser picture, and a share
# of the outer picture's longer side.
_TOLERANCE_PX: Final = 2.0
_TOLERANCE_SHARE: Final = 0.004
_FURTHEST_SHARE: Final = 0.1  # of the crop's shorter side; what reaches out further does so
_SIDE_PX: Final = 192  # of the grid on which both places are compared


def pulled_within(
    inner: PicturePyramid, outer: PicturePyramid, best: CropCandidate
) -> CropCandidate:
    """Move a candidate into the outer picture, if it agrees as well there.

    Where there is hardly any texture a place is known to some pixels only.
    """
    box, size = best.box, outer.size
    outline = best.placement.apply(rectangle(box.left, box.top, box.right, box.bottom))
    low, high = outline.min(axis=0), outline.max(axis=0)
    frame = np.array([size.width, size.height], np.float64)
    furthest = _FURTHEST_SHARE * float((high - low).min())
    if not 0 < overshoot(outline, size) <= furthest or (high - low > frame).any():
        return best
    shift = np.maximum(-low, 0) - np.maximum(high - frame, 0)
    origin = np.zeros(2)
    moved = best.placement.moved_to(origin, best.placement.matrix[:, 2] + shift)
    there = compare(inner, box, outer, moved, _SIDE_PX, shifts=False)
    here = compare(inner, box, outer, best.placement, _SIDE_PX, shifts=False)
    if there is None or here is None or not as_good(there, here):
        return best
    return replace(best, placement=moved)


def turned_round(
    inner: PicturePyramid, outer: PicturePyramid, best: CropCandidate
) -> CropCandidate | None:
    """The outer picture, all of it, as a crop of the inner one; None where that fits worse.

    Between pictures with much plain ground the larger one may have been taken for the crop: its
    ground then passes for a border that was added.
    """
    turned = replace(
        best,
        placement=best.placement.inverse().squared_up(),
        inner_is_a=not best.inner_is_a,
        box=whole_box(outer.image),
    )
    if reaches_out(turned, inner):
        return None
    if reaches_out(best, outer):
        return turned  # one of both must contain the other
    agreement = compare(outer, turned.box, inner, turned.placement)
    if agreement is None or not agrees_as_well(agreement, best.agreement):
        return None
    return replace(turned, agreement=agreement)


def reaches_out(candidate: CropCandidate, outer: PicturePyramid) -> bool:
    """Whether the inner picture does not lie within the outer one."""
    box = candidate.box
    outline = candidate.placement.apply(rectangle(box.left, box.top, box.right, box.bottom))
    return overshoot(outline, outer.size) > tolerance_of(candidate.placement, outer.size)


def tolerance_of(placement: CropPlacement, outer: PixelSize) -> float:
    """How many pixels of the outer picture an outline may reach out and still lie within."""
    longest = max(outer.width, outer.height)
    return max(_TOLERANCE_PX * max(1.0, placement.scale), _TOLERANCE_SHARE * longest)
