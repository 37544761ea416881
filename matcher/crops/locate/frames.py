"""A crop that seems to reach a little out of its picture, where nothing tells so exactly."""

from dataclasses import replace
from typing import Final

import numpy as np

from matcher.crops.locate.alignment.verification import compare
from matcher.crops.locate.ambiguity import as_good
from matcher.crops.locate.candidates import CropCandidate
from matcher.crops.locate.geometry import overshoot, rectangle
from matcher.crops.locate.pyramid import PicturePyramid

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
