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
        if start < 2:
            return start
        colour = np.median(rows[: max(1, start // 2)].reshape(-1, 3), axis=0)
        first, last = max(0, start - _REACH_PX), min(len(rows), start + _REACH_PX)
        border = np.abs(rows[first:last] - colour).mean(axis=(1, 2))
        content = np.abs(rows[first:last] - place[first:last]).mean(axis=(1, 2))
        fits = np.flatnonzero(content < border)
        return first + int(fits[0]) if len(fits) else start

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
