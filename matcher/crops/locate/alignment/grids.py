"""Two pictures laid over each other at the finest resolution that both have."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.crops.locate.geometry import CropPlacement, PixelSize, rectangle, shared_area
from matcher.crops.locate.pictures import ContentBox, size_of
from matcher.crops.locate.pyramid import Excerpt, PicturePyramid

_LEAST_SIDE_PX: Final = 6  # of a grid; less has no gradients
_MARGIN_PX: Final = 3  # of the full picture kept around the outline


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """The crop at some resolution, and the part of the full picture around its place.

    Attributes:
        crop: (h, w, 3) uint8.
        full: (H, W, 3) float32, of about the same resolution.
        placement: from coordinates of `crop` to those of `full`.
        crop_factors: coordinates of the crop's picture times these, minus `crop_origin`, are
            those of `crop`.
        crop_origin: in coordinates of `crop`, (2,).
        full_factors: the same for the full picture.
        full_origin: the same, (2,).
    """

    crop: NDArray[np.uint8]
    full: NDArray[np.float32]
    placement: CropPlacement
    crop_factors: tuple[float, float]
    crop_origin: NDArray[np.float64]
    full_factors: tuple[float, float]
    full_origin: NDArray[np.float64]

    def to_pictures(self, placement: CropPlacement) -> CropPlacement:
        """A placement between the grid's parts as one between the pictures."""
        square = placement.matrix[:, :2]
        offset = placement.matrix[:, 2] + self.full_origin - square @ self.crop_origin
        matrix = np.column_stack([square, offset])
        back = (1 / self.crop_factors[0], 1 / self.crop_factors[1])
        up = (1 / self.full_factors[0], 1 / self.full_factors[1])
        return CropPlacement(matrix).after_resizing(back, up)

    def warped(self, placement: CropPlacement) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The full picture as (h, w, 3) in the crop's frame, and where it has pixels."""
        size = size_of(self.crop)
        image = warp(self.full, placement, size)
        np.clip(image, 0, 255, out=image)
        if self._is_within(placement, size):
            return image, np.ones((size.height, size.width), np.bool_)
        inside = warp(np.ones(self.full.shape[:2], np.float32), placement, size, outside=0.0)
        return image, np.asarray(inside > 0.99, np.bool_)

    def _is_within(self, placement: CropPlacement, size: PixelSize) -> bool:
        """Whether the centre of each of the crop's pixels lies between centres of the full's."""
        centres = placement.apply(rectangle(0.5, 0.5, size.width - 0.5, size.height - 0.5))
        height, width = self.full.shape[:2]
        return bool(centres.min() >= 0.5 and (centres <= (width - 0.5, height - 0.5)).all())


def warp(
    full: NDArray[np.float32],
    placement: CropPlacement,
    size: PixelSize,
    outside: float | None = None,
) -> NDArray[np.float32]:
    """Resample a full picture in the frame of a crop of this size, continued beyond its edge.

    Args:
        full: (H, W) or (H, W, 3).
        placement: from the crop to the full picture.
        size: of the crop.
        outside: the value beyond the edge; its outermost pixels if None.
    """
    matrix = placement.matrix.copy()
    matrix[:, 2] += matrix[:, :2] @ np.array([0.5, 0.5]) - 0.5
    image = cv2.warpAffine(
        full,
        matrix,
        (size.width, size.height),
        flags=(cv2.INTER_CUBIC if outside is None else cv2.INTER_LINEAR) | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE if outside is None else cv2.BORDER_CONSTANT,
        borderValue=outside or 0.0,
    )
    return np.asarray(image, np.float32)


def lay_over(
    crop: PicturePyramid,
    box: ContentBox,
    full: PicturePyramid,
    placement: CropPlacement,
    longest: int,
) -> Grid | None:
    """Bring both to one resolution, at most `longest` pixels a side; None if nothing is left.

    Args:
        crop: the crop.
        box: the part of it that is looked at.
        full: the full picture.
        placement: from pixels of the crop to pixels of the full picture.
        longest: side of the grid in pixels.
    """
    width, height = box.right - box.left, box.bottom - box.top
    extent = (width * placement.scale_x, height * placement.scale_y)  # full pixels
    level = min(1.0, width / extent[0], height / extent[1], longest / max(extent))
    columns, rows = round(extent[0] * level), round(extent[1] * level)
    if min(columns, rows) < _LEAST_SIDE_PX:
        return None
    low, high = np.array([box.left, box.top], float), np.array([box.right, box.bottom], float)
    small = crop.cut(low, high, PixelSize(columns, rows))
    whole = placement.after_resizing(small.factors, (1.0, 1.0))
    around = _cut_around(full, whole, small, level)
    if around is None:
        return None
    matrix = whole.after_resizing((1.0, 1.0), around.factors).matrix.copy()
    matrix[:, 2] += matrix[:, :2] @ small.origin - around.origin
    return Grid(
        small.image,
        around.image.astype(np.float32),
        CropPlacement(matrix),
        small.factors,
        small.origin,
        around.factors,
        around.origin,
    )


def _cut_around(
    full: PicturePyramid, placement: CropPlacement, small: Excerpt, level: float
) -> Excerpt | None:
    """The full picture around the crop's place, reduced by `level`."""
    size = size_of(small.image)
    corners = np.array([[0, 0], [size.width, 0], [size.width, size.height], [0, size.height]])
    outline = placement.apply(corners + small.origin)
    shape = full.size
    if shared_area(outline, shape) <= 0:
        return None
    margin = _MARGIN_PX / level + 0.04 * float(np.ptp(outline, axis=0).max())
    low = np.floor(np.maximum(outline.min(axis=0) - margin, 0))
    high = np.ceil(np.minimum(outline.max(axis=0) + margin, (shape.width, shape.height)))
    extent = high - low
    if extent.min() < 2:
        return None
    return full.cut(low, high, PixelSize(round(extent[0] * level), round(extent[1] * level)))
