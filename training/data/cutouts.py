"""Cutting products out of their pictures.

Catalog pictures show one thing on a plain background: the background is connected to the picture's
border and has its colour. Cartons in photos are located by keypoints that agree on one homography
with the catalog picture.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box

# Of the picture: smaller regions are dirt, not products.
_MIN_SHARE: Final = 0.02
# Of its convex hull: a region that fills so much of it is taken to be convex.
_SOLID: Final = 0.86
# Keypoint pairs that must agree on a homography before a carton counts as located.
_MIN_INLIERS: Final = 14
# Lowe's ratio of the nearest to the second nearest descriptor.
_RATIO: Final = 0.8
# Pixels of the longer side in which keypoints are found.
_LOCATE_SIDE: Final = 640


@dataclass(frozen=True, slots=True, eq=False)
class ProductCutout:
    """One product without its background, cropped tightly.

    Attributes:
        image: (H, W, 3) uint8, RGB.
        mask: (H, W) uint8, 255 on the product.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]


def whole_picture(image: NDArray[np.uint8]) -> ProductCutout:
    """Return the whole picture as a flat product, for prints and photos."""
    return ProductCutout(image, np.full(image.shape[:2], 255, np.uint8))


def cut_out(image: NDArray[np.uint8], tolerance: float = 14.0) -> ProductCutout | None:
    """Cut out the largest thing on a plain background; None if the border is not plain.

    Args:
        image: (H, W, 3) uint8, RGB.
        tolerance: how far a background pixel may be from the border's colour, in CIE Lab units.
    """
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32)
    border = np.concatenate([lab[0], lab[-1], lab[:, 0], lab[:, -1]])
    colour = np.median(border, axis=0)
    if np.median(np.abs(border - colour).sum(axis=1)) > tolerance:
        return None
    unlike = (np.linalg.norm(lab - colour, axis=2) > tolerance).astype(np.uint8)
    closed = cv2.morphologyEx(unlike, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    mask = _largest_filled(np.asarray(closed, np.uint8))
    if mask is None:
        return None
    left, top, width, height = cv2.boundingRect(mask)
    window = np.s_[top : top + height, left : left + width]
    return ProductCutout(np.ascontiguousarray(image[window]), np.ascontiguousarray(mask[window]))


def _largest_filled(foreground: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Return the largest region with its holes filled; a nearly convex one becomes convex.

    A white carton on white loses parts of its edge to the background; its hull restores them.
    """
    contours, _ = cv2.findContours(foreground, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    largest = max(contours, key=cv2.contourArea)
    area = cv2.contourArea(largest)
    if area < _MIN_SHARE * foreground.size:
        return None
    hull = cv2.convexHull(largest)
    outline = hull if area > _SOLID * cv2.contourArea(hull) else largest
    mask = np.zeros(foreground.shape, np.uint8)
    cv2.drawContours(mask, [outline], -1, 255, cv2.FILLED)
    return mask


@dataclass(frozen=True, slots=True, eq=False)
class _SiftFeatures:
    points: NDArray[np.float32]
    descriptors: NDArray[np.float32]


class CartonLocator:
    """Locator of one carton in photos by its catalog picture (RootSIFT, MAGSAC homography)."""

    def __init__(self, iconic: NDArray[np.uint8]) -> None:
        self._sift = cv2.SIFT.create(nfeatures=1500, contrastThreshold=0.02)
        self._reference = self._extract(iconic)
        cutout = cut_out(iconic)
        self._outline = _outline(iconic, cutout)

    def locate(self, photo: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Return the carton's (N, 2) outline in the photo's pixels; None where it is not proven."""
        query = self._extract(photo)
        if len(query.points) < _MIN_INLIERS or len(self._reference.points) < _MIN_INLIERS:
            return None
        pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(
            self._reference.descriptors, query.descriptors, k=2
        )
        good = [p[0] for p in pairs if len(p) == 2 and p[0].distance < _RATIO * p[1].distance]
        if len(good) < _MIN_INLIERS:
            return None
        source = self._reference.points[[pair.queryIdx for pair in good]]
        target = query.points[[pair.trainIdx for pair in good]]
        homography, inliers = cv2.findHomography(source, target, cv2.USAC_MAGSAC, 4.0)
        if not np.any(homography) or int(inliers.sum()) < _MIN_INLIERS:
            return None
        outline = cv2.perspectiveTransform(self._outline[None], homography)[0]
        return outline if _is_plausible(outline, photo.shape) else None

    def _extract(self, image: NDArray[np.uint8]) -> _SiftFeatures:
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        scale = _LOCATE_SIDE / max(grey.shape)
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        keypoints, descriptors = self._sift.detectAndCompute(grey, None)
        if not keypoints:
            return _SiftFeatures(np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32))
        descriptors = np.sqrt(descriptors / (descriptors.sum(axis=1, keepdims=True) + 1e-7))
        points = np.array([keypoint.pt for keypoint in keypoints], np.float32) / scale
        return _SiftFeatures(points, descriptors)


def _outline(iconic: NDArray[np.uint8], cutout: ProductCutout | None) -> NDArray[np.float32]:
    """Return the product's hull in the catalog picture, or the picture's corners."""
    height, width = iconic.shape[:2]
    if cutout is None:
        return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matched = cv2.matchTemplate(iconic, cutout.image, cv2.TM_SQDIFF)
    left, top = np.unravel_index(int(np.argmin(matched)), matched.shape)[::-1]
    contours, _ = cv2.findContours(cutout.mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = cv2.convexHull(max(contours, key=cv2.contourArea))[:, 0].astype(np.float32)
    return np.asarray(hull + np.array([left, top], np.float32), np.float32)


def _is_plausible(outline: NDArray[np.float32], shape: tuple[int, ...]) -> bool:
    """Return whether the outline is convex, not tiny, mostly inside the photo, and no sliver."""
    height, width = shape[:2]
    box = Box.around(outline)
    inside = box.clipped(width, height).area
    aspect = box.width / max(box.height, 1e-6)
    return bool(
        cv2.isContourConvex(outline.astype(np.float32))
        and cv2.contourArea(outline.astype(np.float32)) > 0.02 * height * width
        and inside > 0.6 * box.area
        and 0.15 < aspect < 6
    )
