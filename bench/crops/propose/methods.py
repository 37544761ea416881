"""Ways to say what is meant, the proposer beside what needs no training for it."""

from dataclasses import dataclass
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.crops.propose.proposer import CropProposer
from matcher.crops.propose.ranking import Point
from matcher.detection.detector import Detector
from matcher.imaging.box import Box

Image = NDArray[np.uint8]

_SALIENCY_SIDE: Final = 64  # pixels, as published
_TIMES_MEAN: Final = 3.0  # of the map: what is salient, as published


class ProposeMethod(Protocol):
    """A way to say what is meant."""

    @property
    def name(self) -> str:
        """For people."""

    def propose(self, image: Image, point: Point | None = None) -> Box:
        """Return the box of what is meant, perhaps at a tap."""


@dataclass(frozen=True, slots=True)
class OwnProposer:
    """The proposer's first answer."""

    proposer: CropProposer
    name: str = "skulens"

    def propose(self, image: Image, point: Point | None = None) -> Box:
        """Return the first proposal's box."""
        return self.proposer.propose(image, point, limit=1)[0].box


@dataclass(frozen=True, slots=True)
class GeneralDetector:
    """The product detector's surest box; at a tap, the surest of those that it hits."""

    detector: Detector
    name: str = "product detector"

    def propose(self, image: Image, point: Point | None = None) -> Box:
        """Return a box, the whole picture where there is none."""
        boxes = [detection.box for detection in self.detector.detect(image)]
        if point is not None:
            boxes = [box for box in boxes if _holds(box, point)]
        return boxes[0] if boxes else _whole(image)


@dataclass(frozen=True, slots=True)
class SpectralSaliency:
    """The box around what stands out by its spectrum (Hou and Zhang, 2007).

    The largest salient region, or at a tap the one that is nearest to it.
    """

    name: str = "spectral saliency"

    def propose(self, image: Image, point: Point | None = None) -> Box:
        """Return a box, the whole picture where nothing stands out."""
        saliency = spectral_saliency(image)
        salient = (saliency > _TIMES_MEAN * saliency.mean()).astype(np.uint8)
        count, _, facts, centres = cv2.connectedComponentsWithStats(salient)
        if count < 2:
            return _whole(image)
        scale = np.array([image.shape[1], image.shape[0]]) / _SALIENCY_SIDE
        if point is None:
            chosen = 1 + int(np.argmax(facts[1:, cv2.CC_STAT_AREA]))
        else:
            away = np.hypot(*((centres[1:] + 0.5) * scale - point).T)
            chosen = 1 + int(np.argmin(away))
        left, top, width, height = facts[chosen, :4].astype(float).tolist()
        x, y = scale.tolist()
        return Box(left * x, top * y, (left + width) * x, (top + height) * y)


@dataclass(frozen=True, slots=True)
class WholePicture:
    """Everything, as if there were no first trip."""

    name: str = "whole picture"

    def propose(self, image: Image, point: Point | None = None) -> Box:
        """Return the box of the picture, whatever was tapped."""
        del point
        return _whole(image)


def spectral_saliency(image: Image) -> NDArray[np.float64]:
    """Return the (64, 64) spectral residual's saliency of an (H, W, 3) RGB picture."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (_SALIENCY_SIDE, _SALIENCY_SIDE), interpolation=cv2.INTER_AREA)
    spectrum = np.fft.fft2(small.astype(np.float64))
    level = np.log(np.abs(spectrum) + 1e-9)
    residual = level - cv2.blur(level, (3, 3))
    seen = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    return np.asarray(cv2.GaussianBlur(seen, (0, 0), 2.5), np.float64)


def _holds(box: Box, point: Point) -> bool:
    return box.left <= point[0] < box.right and box.top <= point[1] < box.bottom


def _whole(image: Image) -> Box:
    return Box(0, 0, image.shape[1], image.shape[0])
