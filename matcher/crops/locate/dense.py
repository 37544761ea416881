"""Finding a crop without keypoints: correlation at every place, scale and aspect.

Normalised cross-correlation (Lewis, "Fast Normalized Cross-Correlation", 1995) of a small copy of
the crop with copies of the full picture, in luminance and colour together; beside it the plain
squared difference, because where there is hardly any texture, colours alone tell places apart.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.crops.locate.geometry import CropPlacement, PixelSize
from matcher.crops.locate.pictures import ContentBox
from matcher.crops.locate.pyramid import PicturePyramid

_TEMPLATE_PIXELS: Final = 400  # of the crop's copy that is looked for at all scales
_PLACE_PIXELS: Final = 900  # of the copy that is looked for at one scale
_LEAST_SIDE_PX: Final = 7
_SCALE_STEP: Final = 1.1  # two pixels of a small copy
_SMALLEST_AREA: Final = 0.012  # of the full picture that a crop may have at least
_LARGEST_SCALE: Final = 4.6  # full pixels per crop pixel, and the inverse
_ASPECTS: Final = (1.0, 0.8, 1.25)  # width to height, against that of the full picture
_OTHER_SCALE: Final = 0.26  # of the logarithm: 1.3 times
_OTHER_PLACE: Final = 0.5  # of half the crop's side
_LARGEST_COPY_PX: Final = 512  # twice what a template of the smallest area needs


@dataclass(frozen=True, slots=True, eq=False)
class Peak:
    """A place where a small copy of the crop fits.

    Attributes:
        placement: from the crop to the full picture.
        correlation: -1 to 1.
        difference: root mean square in grey levels, without matching colours.
    """

    placement: CropPlacement
    correlation: float
    difference: float


def search_densely(
    crop: PicturePyramid,
    box: ContentBox,
    full: PicturePyramid,
    most: int = 5,
) -> list[Peak]:
    """Return the places that correlate best, and those that differ least, without repetitions."""
    peaks: list[Peak] = []
    small_full = _channels(full.bounded(_LARGEST_COPY_PX))
    for aspect in _ASPECTS:
        template, factors = _template(crop, box, aspect, _TEMPLATE_PIXELS)
        for share in _shares(_box_size(box), full.size, aspect):
            peaks += _peaks_at(template, factors, box, small_full, full.size, share)
    by_shape = sorted(peaks, key=lambda peak: -peak.correlation)
    by_colour = sorted(peaks, key=lambda peak: peak.difference)
    middle = np.array([(box.right + box.left) / 2, (box.bottom + box.top) / 2])
    return _distinct(by_shape, most, middle) + _distinct(by_colour, most, middle)


def other_places(
    crop: PicturePyramid,
    box: ContentBox,
    full: PicturePyramid,
    placement: CropPlacement,
    least: float,
) -> list[Peak]:
    """Places apart from a straight placement that correlate nearly as well at its scale.

    Args:
        crop: the crop.
        box: the part of it that is looked at.
        full: the full picture.
        placement: what was found; turned by 0 degrees.
        least: how much worse than there they may correlate.
    """
    aspect = placement.scale_x / placement.scale_y
    template, factors = _template(crop, box, aspect, _PLACE_PIXELS)
    peaks = _peaks_at(
        template,
        factors,
        box,
        _channels(full.bounded(_LARGEST_COPY_PX)),
        full.size,
        placement.scale,
    )
    middle = np.array([[(box.left + box.right) / 2, (box.top + box.bottom) / 2]])
    reach = 0.1 * placement.scale * min(box.right - box.left, box.bottom - box.top)
    here = placement.apply(middle)

    def near(peak: Peak) -> bool:
        return bool(np.abs(peak.placement.apply(middle) - here).max() < reach)

    if not peaks:
        return []
    highest = max(peak.correlation for peak in peaks)
    at_place = max((peak.correlation for peak in peaks if near(peak)), default=highest)
    return [peak for peak in peaks if not near(peak) and peak.correlation > at_place - least]


def _box_size(box: ContentBox) -> PixelSize:
    return PixelSize(box.right - box.left, box.bottom - box.top)


def _channels(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    lab = cv2.cvtColor(image.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    return np.asarray(lab * np.array([2.0, 1.0, 1.0], np.float32), np.float32)


def _template(
    crop: PicturePyramid, box: ContentBox, aspect: float, pixels: int
) -> tuple[NDArray[np.float32], tuple[float, float]]:
    """The crop in about so many pixels, squeezed, and what its coordinates were multiplied by."""
    size = _box_size(box)
    factor = min(1.0, (pixels / size.pixels) ** 0.5)
    root = aspect**0.5
    width = max(_LEAST_SIDE_PX, round(size.width * factor * root))
    height = max(_LEAST_SIDE_PX, round(size.height * factor / root))
    low, high = np.array([box.left, box.top], float), np.array([box.right, box.bottom], float)
    part = crop.cut(low, high, PixelSize(2 * width, 2 * height)).image
    small = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
    return _channels(np.asarray(small, np.uint8)), (width / size.width, height / size.height)


def _shares(part: PixelSize, full: PixelSize, aspect: float) -> list[float]:
    """Scales in full pixels per crop pixel, before the aspect, from the largest that fits."""
    root = aspect**0.5
    largest = min(full.width / (part.width * root), full.height * root / part.height)
    largest = min(largest, _LARGEST_SCALE)
    area = max(1 / _LARGEST_SCALE, (_SMALLEST_AREA * full.pixels / part.pixels) ** 0.5)
    if area > largest * 1.2:
        return []
    count = max(1, int(np.ceil(np.log(largest / min(area, largest)) / np.log(_SCALE_STEP))) + 1)
    return [largest * _SCALE_STEP**-step for step in range(count)]


def _peaks_at(
    template: NDArray[np.float32],
    factors: tuple[float, float],
    box: ContentBox,
    small_full: NDArray[np.float32],
    full: PixelSize,
    scale: float,
) -> list[Peak]:
    """The best places at one scale: the full picture resized so that the template fits it."""
    height, width = template.shape[:2]
    part_width = (box.right - box.left) * factors[0]
    # Template pixels per full pixel, along both axes, at this scale.
    ratio = ((part_width / (box.right - box.left)) / scale, factors[1] / scale)
    root = (factors[0] / factors[1]) ** 0.5
    ratio = (ratio[0] / root, ratio[1] * root)
    columns, rows = round(full.width * ratio[0]), round(full.height * ratio[1])
    columns, rows = max(columns, width), max(rows, height)
    if max(columns, rows) > 1600:
        return []
    flags = cv2.INTER_AREA if columns < small_full.shape[1] else cv2.INTER_LINEAR
    copy = np.asarray(cv2.resize(small_full, (columns, rows), interpolation=flags), np.float32)
    alike, off = _compared(copy, template)
    up = (full.width / columns, full.height / rows)
    peaks = []
    for place in (*_best_places(alike, 3), *_best_places(-off, 2)):
        x, y = place
        matrix = np.array(
            [
                [factors[0] * up[0], 0, (x - box.left * factors[0]) * up[0]],
                [0, factors[1] * up[1], (y - box.top * factors[1]) * up[1]],
            ]
        )
        peaks.append(Peak(CropPlacement(matrix), float(alike[y, x]), float(off[y, x])))
    return peaks


def _compared(
    copy: NDArray[np.float32], template: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Normalised correlation and root mean squared difference at every place, from one product."""
    height, width = template.shape[:2]
    count = height * width
    middle = template.mean(axis=(0, 1))
    one, other = template - middle, copy - middle
    product = cv2.matchTemplate(other, one, cv2.TM_CCORR)
    means = _window_means(other, width, height)
    squares = _window_means(np.square(other).sum(axis=2), width, height) * np.float32(count)
    own = float(np.square(one).sum())
    spread = squares - np.float32(count) * np.square(means).sum(axis=2)
    alike = product / np.sqrt(np.maximum(spread, 1e-3 * count) * max(own, 1e-3 * count))
    off = np.sqrt(np.maximum(squares - 2 * product + own, 0) / template.size)
    return np.asarray(alike, np.float32), np.asarray(off, np.float32)


def _window_means(values: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """Means of all windows that lie within, indexed by their upper left corner."""
    means = cv2.boxFilter(values, cv2.CV_32F, (width, height), anchor=(0, 0))
    rows, columns = values.shape[0] - height + 1, values.shape[1] - width + 1
    return np.asarray(means[:rows, :columns], np.float32)


def _best_places(values: NDArray[np.float32], most: int) -> list[tuple[int, int]]:
    """Local maxima, best first."""
    top = cv2.dilate(values, np.ones((5, 5), np.uint8))
    ys, xs = np.nonzero(values >= top)
    order = np.argsort(-values[ys, xs], kind="stable")[:most]
    return [(int(xs[index]), int(ys[index])) for index in order]


def _distinct(peaks: list[Peak], most: int, middle: NDArray[np.float64]) -> list[Peak]:
    """The first of those with nearly the same scale and middle.

    Args:
        peaks: best first.
        most: how many are kept.
        middle: of the crop, in its pixels.
    """
    if not peaks:
        return []
    matrices = np.stack([peak.placement.matrix for peak in peaks])
    scales = matrices[:, [0, 1], [0, 1]]  # what is found here is not turned
    places = matrices[:, :, 2] + scales * middle
    left = np.ones(len(peaks), np.bool_)
    kept: list[Peak] = []
    while left.any() and len(kept) < most:
        best = int(left.argmax())
        kept.append(peaks[best])
        ratio = np.abs(np.log(scales[:, 0] / scales[best, 0]))
        apart = (np.abs(places - places[best]) / (middle * scales[best])).max(axis=1)
        left &= (ratio > _OTHER_SCALE) | (apart > _OTHER_PLACE)
    return kept
