"""Boxes without training: where print is dense. Stands in for the detector."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from matcher.imaging.resize import resize_within
from matcher.results import Detection

_SIDE: Final = 256
_BLURS: Final = (4.0, 9.0)
_AREA: Final = (0.008, 0.6)
_SLENDER: Final = 6.0
_SAME: Final = 0.6
_LIMIT: Final = 12


class PrintDetector:
    """Implements `Detector`: connected regions of strong gradients, at two scales.

    Its confidences only order its boxes; verification says which are products.
    """

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        """Boxes in an (H, W, 3) RGB picture, densest print first; a flat picture has none."""
        small, factor = resize_within(image, 1, _SIDE)
        grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
        edges = cv2.magnitude(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
        found = [
            Detection(one.box.scaled(1 / factor), one.confidence)
            for blur in _BLURS
            for one in _dense_regions(np.asarray(cv2.GaussianBlur(edges, (0, 0), blur), np.float32))
        ]
        return tuple(_distinct(found)[:_LIMIT])


def _dense_regions(density: NDArray[np.float32]) -> list[Detection]:
    top = float(density.max())
    if top < 1.0:
        return []
    scaled = (density * (255 / top)).astype(np.uint8)
    _, dense = cv2.threshold(scaled, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    _, labels, table, _ = cv2.connectedComponentsWithStats(dense)
    regions = []
    for index, (left, top_row, width, height, _area) in enumerate(table[1:].tolist(), start=1):
        share = width * height / density.size
        if _AREA[0] <= share <= _AREA[1] and max(width, height) < _SLENDER * min(width, height):
            box = Box(left, top_row, left + width, top_row + height)
            confidence = float(scaled[labels == index].mean()) / 255
            regions.append(Detection(box, confidence))
    return regions


def _distinct(found: list[Detection]) -> list[Detection]:
    kept: list[Detection] = []
    for one in sorted(found, key=lambda detection: -detection.confidence):
        if all(one.box.iou(other.box) < _SAME for other in kept):
            kept.append(one)
    return kept
