"""Counts of faces that were cut although they need not be, and of products that were kept whole."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from bench.crops.thumbnail.labels import FacePicture
from matcher.crops.thumbnail.aspect import Aspect
from matcher.crops.thumbnail.candidates import (
    SCALES,
    SMALL_SCALES,
    is_cut,
    largest_window,
    place_windows,
    shares_inside,
)
from matcher.imaging.box import Box

SMALLEST_FACE_PX: Final = 24  # longer side of faces that count
# A hand-drawn box is a pixel or two off: this share of it may be beyond an edge.
_TOLERANCE_SHARE: Final = 0.03
_FOUND: Final = 0.3  # intersection over union from which a labelled face counts as found

Legal = Callable[[FacePicture, Aspect], bool]


@dataclass(slots=True)
class FaceCounts:
    """Faces of one kind, each at each aspect.

    Attributes:
        judged: faces of pictures where a crop of the aspect exists that cuts none.
        cut: of these, that were cut.
        examples: where.
    """

    judged: int = 0
    cut: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(slots=True)
class ProductCounts:
    """Labelled products, each at each aspect.

    Attributes:
        together: products of pictures whose products fit into one crop.
        together_whole: of these, that were kept whole.
        alone: products that fit into a crop.
        alone_whole: of these, that were kept whole.
    """

    together: int = 0
    together_whole: int = 0
    alone: int = 0
    alone_whole: int = 0


def legal_crop_exists(picture: FacePicture, aspect: Aspect) -> bool:
    """Return whether some crop of an aspect cuts no labelled face."""
    boxes = [face.box for face in picture.faces if counts(face.box)]
    height, width = picture.image.shape[:2]
    for scales in (SCALES, SMALL_SCALES):
        windows = place_windows(width, height, aspect.ratio, boxes, scales)
        if (~is_cut(shares_inside(windows, boxes)).any(axis=1)).any():
            return True
    return False


def counts(face: Box) -> bool:
    """Return whether a face is large enough to count."""
    return max(face.width, face.height) >= SMALLEST_FACE_PX


def count_faces(
    total: dict[bool, FaceCounts],
    picture: FacePicture,
    aspects: Sequence[Aspect],
    crops: Sequence[Box],
    legal: Sequence[bool],
) -> None:
    """Add one picture's faces to the totals of faces that are printed, and that are not."""
    for aspect, crop, possible in zip(aspects, crops, legal, strict=True):
        for face in picture.faces if possible else ():
            if counts(face.box):
                shares = share_inside(crop, face.box)
                cut = _TOLERANCE_SHARE < shares < 1 - _TOLERANCE_SHARE
                total[face.printed].judged += 1
                total[face.printed].cut += cut
                if cut:
                    total[face.printed].examples.append(f"{picture.name} {aspect.name}")


def count_products(
    total: ProductCounts,
    boxes: Sequence[Box],
    size: tuple[int, int],
    aspects: Sequence[Aspect],
    crops: Sequence[Box],
) -> None:
    """Add one picture's products to the totals; `size` is the picture's width and height."""
    corners = np.array([[box.left, box.top, box.right, box.bottom] for box in boxes])
    union = Box(*corners[:, :2].min(axis=0).tolist(), *corners[:, 2:].max(axis=0).tolist())
    for aspect, crop in zip(aspects, crops, strict=True):
        across, down = largest_window(*size, aspect.ratio)
        together = union.width <= across and union.height <= down
        for box in boxes:
            whole = share_inside(crop, box) >= 1 - _TOLERANCE_SHARE
            if together:
                total.together += 1
                total.together_whole += whole
            if box.width <= across and box.height <= down:
                total.alone += 1
                total.alone_whole += whole


def share_inside(crop: Box, box: Box) -> float:
    """Return the share of a box inside a crop, in [0, 1]."""
    return crop.intersection(box) / box.area if box.area else 0.0


def is_found(face: Box, found: Sequence[Box]) -> bool:
    """Return whether a labelled face is among those that were found."""
    return any(face.iou(box) >= _FOUND for box in found)
