"""Axis-aligned boxes in pixels."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Box:
    """(left, top, right, bottom) in pixels, right and bottom exclusive."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Pixels, never negative."""
        return max(self.right - self.left, 0.0)

    @property
    def height(self) -> float:
        """Pixels, never negative."""
        return max(self.bottom - self.top, 0.0)

    @property
    def area(self) -> float:
        """Square pixels."""
        return self.width * self.height

    def intersection(self, other: Self) -> float:
        """Return the square pixels that both boxes cover."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(width, 0.0) * max(height, 0.0)

    def iou(self, other: Self) -> float:
        """Return intersection over union in [0, 1]; 0 for empty boxes."""
        overlap = self.intersection(other)
        union = self.area + other.area - overlap
        return overlap / union if union > 0 else 0.0

    def clipped(self, width: int, height: int) -> "Box":
        """Return the part inside a picture of that size."""
        return Box(
            min(max(self.left, 0.0), width),
            min(max(self.top, 0.0), height),
            min(max(self.right, 0.0), width),
            min(max(self.bottom, 0.0), height),
        )

    def scaled(self, factor: float) -> "Box":
        """Return the same box in a picture resized by that factor."""
        return Box(self.left * factor, self.top * factor, self.right * factor, self.bottom * factor)

    def padded(self, share: float) -> "Box":
        """Return the box grown by a share of its own width and height on each side."""
        dx, dy = share * self.width, share * self.height
        return Box(self.left - dx, self.top - dy, self.right + dx, self.bottom + dy)

    def crop(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a view of the pixels inside the box, at least one, rounded outwards."""
        height, width = image.shape[:2]
        left = int(min(max(np.floor(self.left), 0), width - 1))
        top = int(min(max(np.floor(self.top), 0), height - 1))
        right = int(min(max(np.ceil(self.right), left + 1), width))
        bottom = int(min(max(np.ceil(self.bottom), top + 1), height))
        return image[top:bottom, left:right]

    @classmethod
    def around(cls, points: NDArray[np.floating]) -> Self:
        """Return the smallest box around (N, 2) points."""
        left, top = points.min(axis=0)
        right, bottom = points.max(axis=0)
        return cls(float(left), float(top), float(right), float(bottom))
