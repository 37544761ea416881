"""A picture of the differences between a crop and its place."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.crops.locate.alignment.grids import lay_over
from matcher.crops.locate.alignment.photometry import match_colours
from matcher.crops.locate.geometry import CropPlacement
from matcher.crops.locate.location import Location
from matcher.crops.locate.pictures import whole_box
from matcher.crops.locate.pyramid import PicturePyramid

LONGEST_SIDE_PX: Final = 640
_AMPLIFIED: Final = 4.0  # so that eight grey levels can be seen


def draw_difference(
    a: NDArray[np.uint8], b: NDArray[np.uint8], found: Location
) -> NDArray[np.uint8] | None:
    """Return (h, w, 3): white where both agree after matching colours, darker where they do not.

    None unless the one picture is a crop of the other, or both are the same.
    """
    if found.relation not in ("crop", "same") or found.placement is None:
        return None
    crop, full = (a, b) if found.crop == "a" else (b, a)
    return _draw(crop, full, found.placement)


def _draw(
    crop: NDArray[np.uint8], full: NDArray[np.uint8], placement: CropPlacement
) -> NDArray[np.uint8]:
    if placement.mirrored:
        crop = np.ascontiguousarray(crop[:, ::-1])
        matrix = placement.matrix.copy()
        matrix[:, 2] += matrix[:, 0] * crop.shape[1]
        matrix[:, 0] *= -1
        placement = CropPlacement(matrix)
    box = whole_box(crop)
    grid = lay_over(
        PicturePyramid.of(crop), box, PicturePyramid.of(full), placement, LONGEST_SIDE_PX
    )
    if grid is None:
        return np.full((1, 1, 3), 255, np.uint8)
    image, inside = grid.warped(grid.placement)
    target = grid.crop.astype(np.float32)
    fitted = match_colours(image, target, inside.astype(np.float32)).apply(image)
    off = np.where(inside[..., None], np.abs(fitted - target) * _AMPLIFIED, 128.0)
    return np.clip(255.0 - off, 0, 255).astype(np.uint8)
