"""Is there another place that explains a crop as well as the one that was found?"""

from typing import Final

import numpy as np

from matcher.crops.locate.alignment.refinement import refine
from matcher.crops.locate.alignment.verification import Agreement, compare
from matcher.crops.locate.candidates import CropCandidate
from matcher.crops.locate.dense import other_places
from matcher.crops.locate.geometry import CropPlacement, PixelSize
from matcher.crops.locate.pyramid import PicturePyramid

_NEARLY: Final = 0.06  # in the correlation of small copies: worth a closer look
_SIDES: Final = (48, 192)  # of the grids of the closer look, in pixels
_AS_GOOD: Final = 0.03  # in correlation
# Times the residual, and grey levels: as good as the best but for noise.
_RESIDUAL: Final = (1.25, 0.15)
_TURNED_DEG: Final = 1.0  # beyond, the small copies do not fit and nothing is looked for


def rivals(
    inner: PicturePyramid, outer: PicturePyramid, best: CropCandidate
) -> list[CropPlacement]:
    """Return other placements that explain the inner picture as well as the best one does."""
    if abs(best.placement.rotation) > _TURNED_DEG or best.placement.mirrored:
        return []
    peaks = other_places(inner, best.box, outer, best.placement, _NEARLY)
    if not peaks:
        return []
    reference = compare(inner, best.box, outer, best.placement, _SIDES[-1], shifts=False)
    found: list[CropPlacement] = []
    for peak in peaks:
        placement = refine(inner, best.box, outer, peak.placement, _SIDES)
        agreement = compare(inner, best.box, outer, placement, _SIDES[-1], shifts=False)
        if (
            reference is None
            or agreement is None
            or any(_near(placement, known, inner.size) for known in (best.placement, *found))
        ):
            continue
        if as_good(agreement, reference):
            found.append(placement)
    return found


def as_good(one: Agreement, best: Agreement) -> bool:
    """Return whether one place explains a crop as well as the best one does, but for noise."""
    factor, offset = _RESIDUAL
    return (
        one.covered > 0.98
        and one.correlation > best.correlation - _AS_GOOD
        and one.overall > best.overall - _AS_GOOD
        and one.disagreeing < best.disagreeing + _AS_GOOD
        and one.residual < factor * best.residual + offset
    )


def _near(placement: CropPlacement, known: CropPlacement, inner: PixelSize) -> bool:
    middle = np.array([[inner.width / 2, inner.height / 2]])
    apart = np.abs(placement.apply(middle) - known.apply(middle)).max()
    return bool(apart < 0.1 * known.scale * min(inner.width, inner.height))
