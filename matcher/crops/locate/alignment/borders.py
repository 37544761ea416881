"""Finding the exact edge of a border that was added, once it is known what lies within."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.crops.locate.alignment.grids import lay_over
from matcher.crops.locate.alignment.photometry import match_colours
from matcher.crops.locate.geometry import CropPlacement
from matcher.crops.locate.pictures import ContentBox, whole_box
from matcher.crops.locate.pyramid import PicturePyramid

_REACH_PX: Final = 12  # a block of JPEG and a half: how far ringing blurs an edge
_ONE_COLOUR: Final = 40.0  # grey levels that four fifths of an outermost row of a border span
_NO_WORSE: Final = 1.5  # grey levels, as rounding and compression leave
_GAP_PX: Final = 3  # rows that may not fit between such that do
_LARGEST_PX: Final = 2000  # side of a crop that is compared at its own resolution


def sharpen_box(
    crop: PicturePyramid, box: ContentBox, full: PicturePyramid, placement: CropPlacement
) -> ContentBox:
    """Move the sides of a content box to where the full picture begins to fit.

    A row belongs to the content when it looks more like its place in the full picture than like
    the border's colour.
    """
    grid = lay_over(crop, whole_box(crop.image), full, placement, _LARGEST_PX)
    if grid is None:
        return box
    image, inside = grid.warped(grid.placement)
    target = grid.crop.astype(np.float32)
    ratio_x, ratio_y = grid.crop_factors
    top, bottom = round(box.top * ratio_y), round(box.bottom * ratio_y)
    left, right = round(box.left * ratio_x), round(box.right * ratio_x)
    weights = np.zeros(inside.shape, np.float32)
    weights[top:bottom, left:right] = inside[top:bottom, left:right]
    if weights.sum() < 64:
        return box
    fitted = match_colours(image, target, weights).apply(image)

    def edge(rows: NDArray[np.float32], place: NDArray[np.float32], start: int) -> int:
        outermost = rows[: max(1, start // 2)]
        low, colour, high = np.quantile(outermost.reshape(-1, 3), (0.1, 0.5, 0.9), axis=0)
        if start < 2 and float((high - low).max()) > _ONE_COLOUR:
            return start
        first, last = max(0, start - _REACH_PX), min(len(rows), start + _REACH_PX)
        border = np.abs(rows[:last] - colour).mean(axis=(1, 2))
        content = np.abs(rows[:last] - place[:last]).mean(axis=(1, 2))
        fits = content < border
        if not fits[first:].any():
            return start
        row = first + int(fits[first:].argmax())
        # What fits no worse all the way out was no border, but a smooth part of the picture.
        as_well = content < border + _NO_WORSE
        while row > 0 and as_well[max(0, row - _GAP_PX) : row].any():
            row = max(0, row - _GAP_PX) + int(as_well[max(0, row - _GAP_PX) : row].argmax())
        return row

    middle_x, middle_y = slice(left, right), slice(top, bottom)
    across, place = target[middle_y].transpose(1, 0, 2), fitted[middle_y].transpose(1, 0, 2)
    height, width = target.shape[:2]
    return ContentBox(
        round(edge(across, place, left) / ratio_x),
        round(edge(target[:, middle_x], fitted[:, middle_x], top) / ratio_y),
        round((width - edge(across[::-1], place[::-1], width - right)) / ratio_x),
        round(
            (height - edge(target[::-1, middle_x], fitted[::-1, middle_x], height - bottom))
            / ratio_y
        ),
    )
