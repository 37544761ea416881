"""A part of a picture at the size where it is matched, and the way back."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from matcher.imaging.resize import resize_within
from matcher.results import Detection

_MARGIN: Final = 0.1
# A whole photo is searched for several products, a detection for one.
_PHOTO_SIDES: Final = (640, 1024)
_PHOTO_KEYPOINTS: Final = 2000
_DETECTION_SIDES: Final = (448, 640)
_DETECTION_KEYPOINTS: Final = 1200


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """What is matched of a picture.

    Attributes:
        detection: where it was cut.
        image: (h, w, 3) uint8 RGB at matching size, with a margin around the detection.
        tight: (h, w, 3) uint8 RGB at original size, without a margin.
        to_picture: (3, 3) float64, pixels of `image` to pixels of the picture.
        keypoints: how many to look for.
    """

    detection: Detection
    image: NDArray[np.uint8]
    tight: NDArray[np.uint8]
    to_picture: NDArray[np.float64]
    keypoints: int

    def points_in_picture(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """(N, 2) pixels of `image` as (N, 2) pixels of the picture."""
        if len(points) == 0:
            return np.zeros((0, 2), np.float32)
        mapped = cv2.perspectiveTransform(points[None].astype(np.float64), self.to_picture)
        return np.asarray(mapped[0], np.float32)


def crop_whole(image: NDArray[np.uint8]) -> Crop:
    """The whole picture as a crop of itself."""
    height, width = image.shape[:2]
    pixels, factor = resize_within(image, *_PHOTO_SIDES)
    detection = Detection(Box(0, 0, width, height), 1.0)
    return Crop(detection, pixels, image, _back(0, 0, factor), _PHOTO_KEYPOINTS)


def crop_detection(image: NDArray[np.uint8], detection: Detection) -> Crop:
    """What a detection holds, with a margin."""
    height, width = image.shape[:2]
    around = detection.box.padded(_MARGIN).clipped(width, height)
    pixels, factor = resize_within(around.crop(image), *_DETECTION_SIDES)
    return Crop(
        detection,
        np.ascontiguousarray(pixels),
        detection.box.crop(image),
        _back(float(np.floor(around.left)), float(np.floor(around.top)), factor),
        _DETECTION_KEYPOINTS,
    )


def _back(left: float, top: float, factor: float) -> NDArray[np.float64]:
    # Pixel centres: the middle of a resized pixel is the middle of what it covers.
    shift = 0.5 / factor - 0.5
    return np.array([[1 / factor, 0, left + shift], [0, 1 / factor, top + shift], [0, 0, 1]])
