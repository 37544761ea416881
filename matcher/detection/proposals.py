"""A detector without training: boxes where print is dense. Stands in for the network."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from matcher.imaging.resize import resize_within
from matcher.results import Detection


@dataclass(frozen=True, slots=True)
class PrintDetectorSettings:
    """Sizes and shapes of printed regions."""

    side: int = 256  # pixels of the longer side; letters merge into areas
    blurs: tuple[float, ...] = (4.0, 9.0)  # deviations in those pixels: small and large products
    areas: tuple[float, float] = (0.008, 0.6)  # share of the picture: no speck, no background
    slenderness: float = 6.0  # times that a region is longer than wide; shelf edges are more
    overlap: float = 0.6  # intersection over union from which two boxes mean one thing
    limit: int = 12  # boxes per picture
    faintest: float = 1.0  # gradient in grey levels, below which a picture is flat


PRINT_DETECTOR_SETTINGS: Final = PrintDetectorSettings()


class PrintDetector:
    """Implements `Detector`: connected regions of strong gradients, at two scales.

    Its confidences only order its boxes; verification decides which are products.
    """

    def __init__(self, settings: PrintDetectorSettings = PRINT_DETECTOR_SETTINGS) -> None:
        self._settings = settings

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        """Return boxes in an (H, W, 3) RGB picture, densest print first; none if it is flat."""
        small, factor = resize_within(image, 1, self._settings.side)
        grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
        edges = cv2.magnitude(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
        regions = [
            Detection(region.box.scaled(1 / factor), region.confidence)
            for blur in self._settings.blurs
            for region in self._regions(
                np.asarray(cv2.GaussianBlur(edges, (0, 0), blur), np.float32)
            )
        ]
        return tuple(self._distinct(regions)[: self._settings.limit])

    def _regions(self, density: NDArray[np.float32]) -> list[Detection]:
        top = float(density.max())
        if top < self._settings.faintest:
            return []
        scaled = (density * (255 / top)).astype(np.uint8)
        _, dense = cv2.threshold(scaled, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
        _, labels, table, _ = cv2.connectedComponentsWithStats(dense)
        least, most = self._settings.areas
        regions = []
        for index, (left, top_row, width, height, _area) in enumerate(table[1:].tolist(), start=1):
            share = width * height / density.size
            slender = max(width, height) >= self._settings.slenderness * min(width, height)
            if least <= share <= most and not slender:
                box = Box(left, top_row, left + width, top_row + height)
                confidence = float(scaled[labels == index].mean()) / 255
                regions.append(Detection(box, confidence))
        return regions

    def _distinct(self, regions: list[Detection]) -> list[Detection]:
        kept: list[Detection] = []
        for region in sorted(regions, key=lambda detection: -detection.confidence):
            if all(region.box.iou(other.box) < self._settings.overlap for other in kept):
                kept.append(region)
        return kept
