"""Is one picture a crop of another, and where?"""

from dataclasses import replace
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.crops.locate.ambiguity import rivals
from matcher.crops.locate.candidates import (
    CropCandidate,
    from_correlation,
    from_keypoints,
    polished,
)
from matcher.crops.locate.containment import (
    pulled_within,
    reaches_out,
    tolerance_of,
    turned_round,
)
from matcher.crops.locate.decision import ACCEPTED, CropCalibration
from matcher.crops.locate.features import CropKeypoints, find_keypoints, repeats
from matcher.crops.locate.geometry import CropPlacement, PixelSize, rectangle
from matcher.crops.locate.location import Location, Place
from matcher.crops.locate.pictures import ContentBox, is_plain, size_of, whole_box
from matcher.crops.locate.pyramid import PicturePyramid

Image = NDArray[np.uint8]

# CropKeypoints: a crop that has more of them would have been found by them.
_ENOUGH_KEYPOINTS: Final = 300
_PLACED: Final = 25  # pairs of keypoints that agree: no other place will be found
_BEYOND_DOUBT: Final = 0.95  # a probability above which no mirror image is compared
_EVEN: Final = 1.2  # grey levels of standard deviation: one colour and noise
_ONE_COLOUR: Final = 3.0  # grey levels between two means that compression explains
_MOST_PLACES: Final = 8  # named in an answer; people need no more


class CropLocator:
    """Tells how two pictures are related; holds no state and may be shared between threads."""

    def __init__(self, calibration: CropCalibration | None = None) -> None:
        self._calibration = calibration or CropCalibration()

    def locate(self, a: Image, b: Image, *, mirrored: bool = False) -> Location:
        """Look for one of two (H, W, 3) uint8 RGB pictures in the other.

        Args:
            a: the first picture.
            b: the second.
            mirrored: a mirror image counts, too.
        """
        if a.shape == b.shape and np.array_equal(a, b):
            return _same(size_of(b), CropPlacement(np.eye(2, 3)), 1.0)
        both = PicturePyramid.of(a), PicturePyramid.of(b)
        if _one_colour(*both):
            return _both_even(*both)
        return self._located(*both, (find_keypoints(a), find_keypoints(b)), mirrored)

    def _located(
        self,
        a: PicturePyramid,
        b: PicturePyramid,
        keys: tuple[CropKeypoints, CropKeypoints],
        mirrored: bool,
    ) -> Location:
        best = self._best(a, b, keys, thorough=True)
        if best is not None and best.probability >= _BEYOND_DOUBT:
            return _answer(a, b, polished(a, b, best))
        flipped = b.mirrored()
        other = self._best(a, flipped, (keys[0], keys[1].mirrored()), thorough=mirrored)
        # Parts that are symmetric let a mirror image fit somewhat: the better fit is the right one.
        likeliest = max(ACCEPTED, 0.0 if other is None else other.probability)
        if best is not None and best.probability >= likeliest:
            return _answer(a, b, polished(a, b, best))
        if other is None or other.probability < ACCEPTED:
            return _unrelated(best.probability if best else 0.0)
        if not mirrored:
            # What made the picture fit unmirrored is explained better by the mirror.
            doubt = min(best.probability, 1.0 - other.probability) if best else 0.0
            return replace(_unrelated(doubt), mirror_found=True)
        return _mirrored_back(_answer(a, flipped, polished(a, flipped, other)), b.size.width)

    def _best(
        self,
        a: PicturePyramid,
        b: PicturePyramid,
        keys: tuple[CropKeypoints, CropKeypoints],
        *,
        thorough: bool,
    ) -> CropCandidate | None:
        found = from_keypoints(a, b, keys, self._calibration)
        best = max(found, key=lambda candidate: candidate.preference, default=None)
        if not thorough or (best is not None and best.probability >= ACCEPTED):
            return best
        settled = best is not None and best.inliers >= _PLACED
        for inner_is_a, points, image in ((False, keys[1], b), (True, keys[0], a)):
            if settled and not repeats(points):
                continue  # the place is known; what lies there differs
            if len(points) < _ENOUGH_KEYPOINTS or is_plain(image.image) or repeats(points):
                found += from_correlation(a, b, self._calibration, inner_is_a=inner_is_a)
                if found and max(candidate.probability for candidate in found) > ACCEPTED:
                    break
        return max(found, key=lambda candidate: candidate.preference, default=None)


def _answer(a: PicturePyramid, b: PicturePyramid, best: CropCandidate) -> Location:
    inner, outer = (a, b) if best.inner_is_a else (b, a)
    best = pulled_within(inner, outer, best)
    if best.box != whole_box(inner.image) or reaches_out(best, outer):
        turned = turned_round(inner, outer, best)
        if turned is not None:
            best, inner, outer = turned, outer, inner
    if reaches_out(best, outer):
        return _overlap(a, b, best)
    outer_size = outer.size
    outline = _outline(best.placement, best.box)
    tolerance = tolerance_of(best.placement, outer_size)
    reverse = best.placement.inverse().outline(outer_size)
    box = best.box
    covered = (
        reverse[:, 0].min() >= box.left - tolerance / best.placement.scale
        and reverse[:, 1].min() >= box.top - tolerance / best.placement.scale
        and reverse[:, 0].max() <= box.right + tolerance / best.placement.scale
        and reverse[:, 1].max() <= box.bottom + tolerance / best.placement.scale
    )
    if covered:
        placement = best.placement
        if best.inner_is_a:
            placement = placement.inverse().squared_up()
        return _same(b.size, placement, best.probability)
    side: Literal["a", "b"] = "a" if best.inner_is_a else "b"
    others = rivals(inner, outer, best)
    even = best.agreement.contrast < _EVEN
    if others or even:
        shown = rectangle(box.left, box.top, box.right, box.bottom)
        places = [best.placement, *others][:_MOST_PLACES]
        outlines = [(_outline(placement, box), shown) for placement in places]
        return Location(
            "ambiguous",
            best.probability,
            side,
            None,
            None,
            tuple(Place(s, o) if best.inner_is_a else Place(o, s) for o, s in outlines),
            even=even,
        )
    return Location("crop", best.probability, side, best.placement, outline)


def _outline(placement: CropPlacement, box: ContentBox) -> NDArray[np.float64]:
    return placement.apply(rectangle(box.left, box.top, box.right, box.bottom))


def _same(size: PixelSize, placement: CropPlacement, probability: float) -> Location:
    outline = placement.outline(size)
    return Location("same", probability, None, placement, outline)


def _one_colour(a: PicturePyramid, b: PicturePyramid) -> bool:
    """Whether both pictures show one colour and nothing else, and the same."""
    (mean_a, spread_a), (mean_b, spread_b) = (
        cv2.meanStdDev(pyramid.levels[-1]) for pyramid in (a, b)
    )
    even = max(float(spread_a.max()), float(spread_b.max())) < _EVEN
    return even and float(np.abs(mean_a - mean_b).max()) < _ONE_COLOUR


def _both_even(a: PicturePyramid, b: PicturePyramid) -> Location:
    side: Literal["a", "b"] = "a" if a.size.pixels < b.size.pixels else "b"
    outlines = [rectangle(0, 0, shown.size.width, shown.size.height) for shown in (a, b)]
    return Location(
        "ambiguous", 0.5, side, None, None, (Place(*outlines),), even=True, both_even=True
    )


def _unrelated(probability: float) -> Location:
    return Location("unrelated", probability, None, None, None)


def _overlap(a: PicturePyramid, b: PicturePyramid, best: CropCandidate) -> Location:
    outer = b if best.inner_is_a else a
    frame = best.placement.inverse().outline(outer.size)
    low = np.maximum(frame.min(axis=0), (best.box.left, best.box.top))
    high = np.minimum(frame.max(axis=0), (best.box.right, best.box.bottom))
    shared = rectangle(float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    there = best.placement.apply(shared)
    size = outer.size
    there = np.clip(there, 0, (size.width, size.height))
    place = Place(shared, there) if best.inner_is_a else Place(there, shared)
    placement = best.placement.inverse().squared_up() if best.inner_is_a else best.placement
    return Location(
        "overlap",
        best.probability,
        None,
        placement,
        placement.outline(b.size),
        (place,),
    )


def _mirrored_back(found: Location, width: int) -> Location:
    """Undo that the second picture was looked at in the mirror."""

    def flip(outline: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(outline * (-1.0, 1.0) + (width, 0.0), np.float64)

    places = tuple(Place(place.a, flip(place.b)) for place in found.places)
    if found.placement is None or found.outline is None:
        return replace(found, places=places)
    matrix = found.placement.matrix.copy()
    if found.crop == "a":
        matrix[0] *= -1
        matrix[0, 2] += width
        return replace(
            found, placement=CropPlacement(matrix), outline=flip(found.outline), places=places
        )
    matrix[:, 2] += matrix[:, 0] * width
    matrix[:, 0] *= -1
    # The outline's corners in the crop's own order.
    outline = found.outline[[1, 0, 3, 2]]
    return replace(found, placement=CropPlacement(matrix), outline=outline, places=places)
