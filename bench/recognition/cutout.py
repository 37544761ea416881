"""A product cut out of a catalog picture with a white background."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

WHITE_TOLERANCE: Final = 12


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """A product without its background.

    Attributes:
        image: (H, W, 3) uint8, RGB, cut to the product.
        mask: (H, W) uint8, 255 on the product.
        hull: (N, 2) float32, the product's convex outline in the picture's pixels.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    hull: NDArray[np.float32]


def cut_out(image: NDArray[np.uint8]) -> Cutout:
    """The convex hull of what is not white background; cartons are convex, their print is not.

    Raises:
        ValueError: the picture is white all over.
    """
    inked = (image.min(axis=2) < 255 - WHITE_TOLERANCE).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(_close_gaps(inked))
    if count < 2:
        raise ValueError("there is nothing but white to cut out")
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    points = np.argwhere(labels == largest)[:, ::-1].astype(np.int32)
    hull = cv2.convexHull(points)[:, 0].astype(np.int32)
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, hull, 255)
    left, top = hull.min(axis=0)
    right, bottom = hull.max(axis=0) + 1
    part = np.s_[top:bottom, left:right]
    return Cutout(image[part], mask[part], (hull - (left, top)).astype(np.float32))


def _close_gaps(inked: NDArray[np.uint8]) -> NDArray[np.uint8]:
    side = max(3, min(inked.shape) // 40) | 1
    kernel = np.ones((side, side), np.uint8)
    return cv2.morphologyEx(inked, cv2.MORPH_CLOSE, kernel).astype(np.uint8)
