"""A part of a picture at the size where it is matched, and the way back."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from matcher.imaging.resize import resize_within
from matcher.results import Detection


@dataclass(frozen=True, slots=True)
class CropSettings:
    """Sizes of crops; a whole photo is searched for several products, a detection for one."""

    margin: float = 0.1  # around a detection, in shares of its sides: boxes are a little off
    photo_sides: tuple[int, int] = (640, 1024)  # least and most pixels of the longer side
    photo_keypoints: int = 2000  # at most
    detection_sides: tuple[int, int] = (448, 640)  # the same of a detection, margin included
    detection_keypoints: int = 1200  # at most


CROP_SETTINGS: Final = CropSettings()


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """A part of a picture, ready to be matched.

    Attributes:
        detection: the part, in the picture.
        image: (h, w, 3) uint8 RGB at matching size, with a margin around the detection.
        tight: (h, w, 3) uint8 RGB at original size, without a margin.
        to_picture: (3, 3) float64, pixels of `image` to pixels of the picture.
        keypoints: the most to extract.
    """

    detection: Detection
    image: NDArray[np.uint8]
    tight: NDArray[np.uint8]
    to_picture: NDArray[np.float64]
    keypoints: int

    def points_in_picture(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """Map (N, 2) pixels of `image` to (N, 2) pixels of the picture."""
        if len(points) == 0:
            return np.zeros((0, 2), np.float32)
        mapped = cv2.perspectiveTransform(points[None].astype(np.float64), self.to_picture)
        return np.asarray(mapped[0], np.float32)


def crop_whole(image: NDArray[np.uint8], settings: CropSettings = CROP_SETTINGS) -> Crop:
    """Return the whole picture as a crop of itself."""
    height, width = image.shape[:2]
    pixels, factor = resize_within(image, *settings.photo_sides)
    detection = Detection(Box(0, 0, width, height), 1.0)
    return Crop(detection, pixels, image, _to_picture(0, 0, factor), settings.photo_keypoints)


def crop_detection(
    image: NDArray[np.uint8], detection: Detection, settings: CropSettings = CROP_SETTINGS
) -> Crop:
    """Cut a detection out, with a margin."""
    height, width = image.shape[:2]
    around = detection.box.padded(settings.margin).clipped(width, height)
    pixels, factor = resize_within(around.crop(image), *settings.detection_sides)
    return Crop(
        detection,
        np.ascontiguousarray(pixels),
        detection.box.crop(image),
        _to_picture(float(np.floor(around.left)), float(np.floor(around.top)), factor),
        settings.detection_keypoints,
    )


def _to_picture(left: float, top: float, factor: float) -> NDArray[np.float64]:
    # Pixel centres: the middle of a resized pixel is the middle of what it covers.
    shift = 0.5 / factor - 0.5
    return np.array([[1 / factor, 0, left + shift], [0, 1 / factor, top + shift], [0, 0, 1]])
