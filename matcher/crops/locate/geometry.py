"""Where a crop lies in its full picture: an affine map of the kind that cropping makes.

Coordinates are pixel *edges*: a picture of W x H pixels spans (0, 0) to (W, H), and a pixel's
centre lies at a half. Resizing a picture is then a plain multiplication of its coordinates.
"""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_TINY: Final = 1e-9  # keeps a root and a division defined


@dataclass(frozen=True, slots=True)
class PixelSize:
    """Width and height of a picture in pixels."""

    width: int
    height: int

    @property
    def pixels(self) -> int:
        """How many there are."""
        return self.width * self.height


@dataclass(frozen=True, slots=True, eq=False)
class CropPlacement:
    """Maps a crop's coordinates to its full picture's: scale along each axis, a turn, a mirror.

    Attributes:
        matrix: (2, 3) float64; columns of the left square are at right angles.
    """

    matrix: NDArray[np.float64]

    @property
    def scale_x(self) -> float:
        """Full pixels per crop pixel along the crop's rows."""
        return math.hypot(self.matrix[0, 0], self.matrix[1, 0])

    @property
    def scale_y(self) -> float:
        """Full pixels per crop pixel along the crop's columns."""
        return math.hypot(self.matrix[0, 1], self.matrix[1, 1])

    @property
    def scale(self) -> float:
        """The geometric mean of both scales."""
        return float(np.sqrt(max(self.scale_x * self.scale_y, _TINY)))

    @property
    def mirrored(self) -> bool:
        """Whether the crop shows the full picture's mirror image."""
        (xx, xy, _), (yx, yy, _) = self.matrix
        return bool(xx * yy - xy * yx < 0)

    @property
    def rotation(self) -> float:
        """Degrees in (-180, 180], clockwise on the screen, by which the crop lies turned."""
        x, y = self.matrix[:, 1] if self.mirrored else self.matrix[:, 0]
        turn = np.degrees(np.arctan2(-x, y) if self.mirrored else np.arctan2(y, x))
        return float(turn)

    def apply(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map (N, 2) points of the crop into the full picture."""
        return np.asarray(points @ self.matrix[:, :2].T + self.matrix[:, 2], np.float64)

    def outline(self, size: PixelSize) -> NDArray[np.float64]:
        """(4, 2) corners of a crop of this size in the full picture, from its own top left."""
        return self.apply(rectangle(0.0, 0.0, size.width, size.height))

    def inverse(self) -> "CropPlacement":
        """The map from the full picture to the crop; its columns may be a little askew."""
        return CropPlacement(np.asarray(cv2.invertAffineTransform(self.matrix), np.float64))

    def after_resizing(
        self, crop: tuple[float, float], full: tuple[float, float]
    ) -> "CropPlacement":
        """The same map between resized pictures.

        Args:
            crop: factors (x, y) by which the crop's coordinates are multiplied.
            full: the same of the full picture.
        """
        matrix = self.matrix.copy()
        matrix[:, 0] /= crop[0]
        matrix[:, 1] /= crop[1]
        matrix[0] *= full[0]
        matrix[1] *= full[1]
        return CropPlacement(matrix)

    def squared_up(self, *, straight: bool = False) -> "CropPlacement":
        """The nearest map whose axes are at right angles; `straight`: turned by 0, 90, … degrees.

        The image of the origin stays; scales along the axes stay.
        """
        first, second = self.matrix[:, 0], self.matrix[:, 1]
        sign = -1.0 if self.mirrored else 1.0
        # The second axis turned back onto the first, each weighted by its length.
        other = sign * np.array([second[1], -second[0]])
        direction = first + other
        angle = float(np.arctan2(direction[1], direction[0]))
        if straight:
            angle = float(np.round(angle / (np.pi / 2)) * (np.pi / 2))
        cosine, sine = np.cos(angle), np.sin(angle)
        matrix = self.matrix.copy()
        matrix[:, 0] = self.scale_x * np.array([cosine, sine])
        matrix[:, 1] = sign * self.scale_y * np.array([-sine, cosine])
        return CropPlacement(matrix)

    def moved_to(
        self, inside: NDArray[np.float64], outside: NDArray[np.float64]
    ) -> "CropPlacement":
        """The map with the same axes that takes the crop's point `inside` to `outside`."""
        matrix = self.matrix.copy()
        matrix[:, 2] = outside - matrix[:, :2] @ inside
        return CropPlacement(matrix)


def rectangle(left: float, top: float, right: float, bottom: float) -> NDArray[np.float64]:
    """(4, 2) corners from the top left, clockwise."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)


def quad_area(outline: NDArray[np.float64]) -> float:
    """Area of a (N, 2) polygon in square pixels."""
    return float(abs(cv2.contourArea(outline.astype(np.float32))))


def shared_area(outline: NDArray[np.float64], size: PixelSize) -> float:
    """Area in square pixels of a convex outline within a picture."""
    frame = rectangle(0, 0, size.width, size.height).astype(np.float32)
    area, _ = cv2.intersectConvexConvex(outline.astype(np.float32), frame)
    return float(area)


def overshoot(outline: NDArray[np.float64], size: PixelSize) -> float:
    """How far an outline reaches out of a picture, in pixels; 0 if it lies within."""
    low = max(0.0, float(-outline.min()))
    right = float(outline[:, 0].max()) - size.width
    bottom = float(outline[:, 1].max()) - size.height
    return max(low, right, bottom, 0.0)
