"""The contents of a picture of training: boxes with their kind and, where flat, corners."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box

PAINTING = 0  # places in `KINDS`
OBJECT = 1

Image = NDArray[np.uint8]
Corners = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class MeantThing:
    """One thing that a person may mean.

    Attributes:
        box: in pixels of the picture.
        kind: `PAINTING` or `OBJECT`.
        corners: (4, 2) of something flat and rectangular, clockwise from its top left; else None.
    """

    box: Box
    kind: int
    corners: Corners | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TargetPicture:
    """A picture (H, W, 3) RGB with all that is meant in it."""

    image: Image
    targets: tuple[MeantThing, ...]


def warp_picture(
    picture: TargetPicture, matrix: NDArray[np.float64], side: int, visible: float, smallest: float
) -> TargetPicture:
    """Return the picture moved by a (2, 3) affine map into a grey square of `side` pixels.

    Args:
        picture: what is moved.
        matrix: from its pixels to the square's; a negative determinant mirrors.
        side: pixels.
        visible: share of a box that must stay in view for it to stay a target.
        smallest: pixels of a target's shorter side.
    """
    seen = cv2.warpAffine(
        picture.image, matrix, (side, side), flags=cv2.INTER_AREA, borderValue=(114, 114, 114)
    )
    targets = []
    for target in picture.targets:
        box = target.box
        rim = np.array([[box.left, box.top], [box.right, box.top], [box.right, box.bottom],
                        [box.left, box.bottom]])  # fmt: skip
        moved = Box.around(_moved(rim, matrix))
        inside = moved.clipped(side, side)
        shorter = min(inside.width, inside.height)
        if inside.area < visible * moved.area or shorter < smallest:
            continue
        corners = None if target.corners is None else _moved(target.corners, matrix)
        if corners is not None and np.linalg.det(matrix[:, :2]) < 0:
            corners = corners[[1, 0, 3, 2]]
        targets.append(MeantThing(inside, target.kind, corners))
    return TargetPicture(np.asarray(seen, np.uint8), tuple(targets))


def _moved(points: Corners, matrix: NDArray[np.float64]) -> Corners:
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], np.float64)
