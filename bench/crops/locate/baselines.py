"""Methods in use today: template matching, keypoints with a homography, hashes over windows.

Each is told which picture would be the crop, which `skulens crop locate` has to find out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.keypoints.rootsift import extract_rootsift

Image: TypeAlias = NDArray[np.uint8]
Outline: TypeAlias = NDArray[np.float64]
Method: TypeAlias = Callable[[Image, Image], Outline | None]

_LONGEST_PX: Final = 640  # of a picture that templates and windows are tried on
_SCALES: Final = tuple(float(scale) for scale in np.geomspace(0.25, 4.0, 25))
_CORRELATES: Final = 0.8  # from which a template is called found
_RATIO: Final = 0.8  # Lowe's
_KEYPOINTS: Final = 3000  # of a picture
_REPROJECTION_PX: Final = 3.0
_INLIERS: Final = 12  # pairs from which a homography is believed
_SHARES: Final = tuple(float(share) for share in np.geomspace(0.14, 1.0, 10))
_STRIDES: Final = 8  # windows a side: steps of an eighth of the window
_BITS: Final = 8  # rows and columns of a difference hash
_NEAR_BITS: Final = 10  # of 64 that may differ


@dataclass(frozen=True, slots=True)
class CropBaseline:
    """A method with its name; it returns the crop's outline, or None for no."""

    name: str
    locate: Method


def baselines() -> tuple[CropBaseline, ...]:
    """All of them."""
    return (
        CropBaseline("OpenCV template", _by_template),
        CropBaseline("RootSIFT + RANSAC", _by_homography),
        CropBaseline("hash of windows", _by_hash),
    )


def _by_template(full: Image, crop: Image) -> Outline | None:
    """The best of 25 scales by normalised correlation of grey values."""
    grey, factor = _bounded(full)
    template = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    best, outline = _CORRELATES, None
    for scale in _SCALES:
        width = round(template.shape[1] * scale * factor)
        height = round(template.shape[0] * scale * factor)
        if not (8 <= width <= grey.shape[1] and 8 <= height <= grey.shape[0]):
            continue
        resized = cv2.resize(template, (width, height), interpolation=cv2.INTER_AREA)
        _, score, _, (left, top) = cv2.minMaxLoc(
            cv2.matchTemplate(grey, resized, cv2.TM_CCOEFF_NORMED)
        )
        if np.isfinite(score) and score > best:
            best, outline = score, _box(left, top, width, height) / factor
    return outline


def _by_homography(full: Image, crop: Image) -> Outline | None:
    points, descriptors = extract_rootsift(cv2.cvtColor(full, cv2.COLOR_RGB2GRAY), _KEYPOINTS)
    inside, described = extract_rootsift(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), _KEYPOINTS)
    if len(inside) < 4 or len(points) < 4:
        return None
    alike = described @ descriptors.T
    order = np.argsort(-alike, axis=1)[:, :2]
    rows = np.arange(len(order))
    distances = np.sqrt(np.maximum(2 - 2 * alike[rows[:, None], order], 0))
    kept = np.flatnonzero(distances[:, 0] < _RATIO * distances[:, 1])
    if len(kept) < _INLIERS:
        return None
    source = np.asarray(inside[kept, :2], np.float32)
    target = np.asarray(points[order[kept, 0], :2], np.float32)
    matrix, mask = cv2.findHomography(source, target, cv2.RANSAC, _REPROJECTION_PX)
    if np.count_nonzero(mask) < _INLIERS:  # both are None where none is possible
        return None
    corners = _box(-0.5, -0.5, crop.shape[1], crop.shape[0])[None].astype(np.float32)
    return np.asarray(cv2.perspectiveTransform(corners, matrix)[0], np.float64) + 0.5


def _by_hash(full: Image, crop: Image) -> Outline | None:
    """Windows of the crop's aspect at ten scales, compared by the signs of differences."""
    grey, factor = _bounded(full)
    wanted = _hash(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY))
    aspect = crop.shape[1] / crop.shape[0]
    largest = min(grey.shape[1], grey.shape[0] * aspect)
    best, outline = _NEAR_BITS + 1, None
    for share in _SHARES:
        width, height = round(largest * share), round(largest * share / aspect)
        if min(width, height) < _BITS + 1:
            continue
        for top in _steps(grey.shape[0] - height, height):
            for left in _steps(grey.shape[1] - width, width):
                off = int((_hash(grey[top : top + height, left : left + width]) != wanted).sum())
                if off < best:
                    best, outline = off, _box(left, top, width, height) / factor
    return outline


def _hash(grey: NDArray[np.generic]) -> NDArray[np.bool_]:
    values = np.asarray(grey, np.uint8)
    small = cv2.resize(values, (_BITS + 1, _BITS), interpolation=cv2.INTER_AREA).astype(int)
    return np.asarray(small[:, 1:] > small[:, :-1], np.bool_)


def _steps(room: int, side: int) -> list[int]:
    count = max(1, round(room * _STRIDES / max(side, 1)) + 1)
    return [round(place) for place in np.linspace(0, room, count)]


def _bounded(full: Image) -> tuple[Image, float]:
    grey = cv2.cvtColor(full, cv2.COLOR_RGB2GRAY)
    factor = min(1.0, _LONGEST_PX / max(grey.shape))
    size = (round(grey.shape[1] * factor), round(grey.shape[0] * factor))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8), factor


def _box(left: float, top: float, width: float, height: float) -> Outline:
    right, bottom = left + width, top + height
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)
