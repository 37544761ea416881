"""Finds lines of text in a picture.

Liao et al., "Real-time scene text detection with differentiable binarization" (2020): a network
says of each place how likely it is the inner part of a line; each such region is grown back by what
training shrank it by.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.resize import Letterbox
from matcher.networks.runtime import NetworkFunction
from matcher.words.pixels import to_text_input

Floats = NDArray[np.float32]

_AVERAGE_BELOW: Final = 0.5  # factor of a size below which pixels are averaged
# (height, width) in pixels of what the network sees: a few sizes, because it is prepared for each.
_CANVASES: Final = ((640, 640), (640, 416), (416, 640))
# Share of a canvas on each side that repeats the picture's rim: without it, text near the rim of a
# tight crop is missed.
_MARGIN_SHARE: Final = 0.06


@dataclass(frozen=True, slots=True, eq=False)
class TextLine:
    """A line of text, unread.

    Attributes:
        outline: (4, 2) float32 corners in pixels, clockwise from the text's own top left if it is
            upright.
        confidence: in [0, 1].
    """

    outline: Floats
    confidence: float

    @property
    def width(self) -> float:
        """Pixels along the text."""
        return float(np.linalg.norm(self.outline[1] - self.outline[0]))

    @property
    def height(self) -> float:
        """Pixels across the text."""
        return float(np.linalg.norm(self.outline[3] - self.outline[0]))


@dataclass(frozen=True, slots=True)
class LineSettings:
    """Limits of what counts as a line of text.

    Attributes:
        inner: probability from which a place is the inner part of a line.
        likely: mean probability of a region from which it is a line.
        grown: by how much a region was shrunk, as a share of its area over its outline's length.
        smallest: pixels of a region's shorter side.
        most: lines at most, the largest; a picture with a thousand words is read in part.
    """

    inner: float = 0.3
    likely: float = 0.5
    grown: float = 1.6
    smallest: float = 3.0
    most: int = 64


LINE_SETTINGS: Final = LineSettings()


class LineDetector:
    """Finds upright lines of text; safe to share between threads."""

    def __init__(self, network: NetworkFunction, settings: LineSettings = LINE_SETTINGS) -> None:
        """Take the network, from (1, 3, H, W) to (1, 1, H, W) probabilities."""
        self._network = network
        self._settings = settings

    def detect(self, image: NDArray[np.uint8]) -> tuple[TextLine, ...]:
        """Return the lines of an (H, W, 3) RGB picture that run within 45 degrees of level.

        Returns:
            The largest first; perhaps none.
        """
        canvas = _fit(image)
        (probabilities,) = self._network(to_text_input(canvas.image[None]))
        lines = find_lines(probabilities[0, 0], self._settings)
        inverse = [TextLine(canvas.to_original(line.outline), line.confidence) for line in lines]
        return tuple(inverse)


def _fit(image: NDArray[np.uint8]) -> Letterbox:
    """Return the picture as large as possible in one of the canvases."""
    rows, columns = image.shape[:2]

    def enlarged(size: tuple[int, int]) -> tuple[float, int]:
        return min(size[0] / rows, size[1] / columns), -size[0] * size[1]

    height, width = max(_CANVASES, key=enlarged)
    scale = (1 - 2 * _MARGIN_SHARE) * min(height / rows, width / columns)
    inner = (max(round(columns * scale), 1), max(round(rows * scale), 1))
    method = cv2.INTER_AREA if scale < _AVERAGE_BELOW else cv2.INTER_LINEAR
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    canvas = cv2.copyMakeBorder(
        cv2.resize(image, inner, interpolation=method),
        top,
        height - inner[1] - top,
        left,
        width - inner[0] - left,
        cv2.BORDER_REPLICATE,
    )
    return Letterbox(canvas.astype(np.uint8), inner[0] / columns, inner[1] / rows, left, top)


def find_lines(probabilities: Floats, settings: LineSettings = LINE_SETTINGS) -> list[TextLine]:
    """Return the lines in an (H, W) map of probabilities, in its pixels, the largest first."""
    inner = (probabilities > settings.inner).astype(np.uint8)
    joined = cv2.dilate(inner, np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(joined, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    largest = sorted(contours, key=cv2.contourArea, reverse=True)
    lines: list[TextLine] = []
    for contour in largest:
        if len(lines) == settings.most:
            break
        line = _line_of(contour, probabilities, settings)
        if line is not None:
            lines.append(line)
    return sorted(lines, key=lambda line: -line.width * line.height)


def _line_of(
    contour: NDArray[np.integer | np.floating], probabilities: Floats, settings: LineSettings
) -> TextLine | None:
    """Return the line around a region; None where it is none."""
    (x, y), (width, height), turn = cv2.minAreaRect(contour)
    if min(width, height) < settings.smallest:
        return None
    corners = _corners(x, y, width, height, turn)
    confidence = _mean_inside(probabilities, corners)
    if confidence < settings.likely:
        return None
    margin = width * height * settings.grown / (width + height)  # both sides together
    return TextLine(_corners(x, y, width + margin, height + margin, turn), confidence)


def _corners(x: float, y: float, width: float, height: float, turn: float) -> Floats:
    """Return a rectangle's corners, clockwise from top left, its level side on top.

    Args:
        x: of the centre.
        y: of the centre.
        width: of the side that is turned by `turn`.
        height: of the other one.
        turn: degrees.
    """
    if abs((turn + 90) % 180 - 90) > 45:  # the other side is nearer to level
        width, height, turn = height, width, turn + 90
    turn = np.radians((turn + 90) % 180 - 90)
    along = np.array([np.cos(turn), np.sin(turn)]) * width / 2
    down = np.array([-np.sin(turn), np.cos(turn)]) * height / 2
    centre = np.array([x, y])
    corners = [-along - down, along - down, along + down, down - along]
    return np.asarray(centre + np.stack(corners), np.float32)


def _mean_inside(probabilities: Floats, corners: Floats) -> float:
    """Return the mean of a map inside a rectangle."""
    rows, columns = probabilities.shape
    left, top = np.clip(np.floor(corners.min(axis=0)), 0, [columns - 1, rows - 1]).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(axis=0)), 0, [columns - 1, rows - 1]).astype(int)
    part = probabilities[top : bottom + 1, left : right + 1]
    inside = np.zeros(part.shape, np.uint8)
    cv2.fillPoly(inside, [np.rint(corners - [left, top]).astype(np.int32)], 1)
    return float(part[inside > 0].mean()) if inside.any() else 0.0
