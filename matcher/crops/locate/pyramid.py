"""A picture with its halves, quarters and so on, from which any part is cut at any size."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.crops.locate.geometry import PixelSize
from matcher.crops.locate.pictures import ContentBox, find_content, halve, reduce_to, size_of

_COARSEST_PX: Final = 480  # longer side below which a level is not halved again
_FINER: Final = 2.0  # times as many pixels a side as wanted, so that averaging is as from the whole


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """A part of a picture, averaged down.

    Attributes:
        image: (h, w, 3) uint8.
        factors: coordinates of the picture times these, minus `origin`, are those of the part.
        origin: in coordinates of the part, (2,).
    """

    image: NDArray[np.uint8]
    factors: tuple[float, float]
    origin: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PicturePyramid:
    """A picture, prepared once for all that is asked of it.

    Attributes:
        levels: (H, W, 3) uint8 each, the picture first; each next one is half as large.
        content: the picture without borders of one colour.
    """

    levels: tuple[NDArray[np.uint8], ...]
    content: ContentBox

    @classmethod
    def of(cls, image: NDArray[np.uint8]) -> "PicturePyramid":
        """Prepare an (H, W, 3) uint8 RGB picture."""
        levels = [image]
        while max(levels[-1].shape[:2]) > _COARSEST_PX and min(levels[-1].shape[:2]) > 32:
            levels.append(halve(levels[-1]))
        return cls(tuple(levels), find_content(image))

    @property
    def image(self) -> NDArray[np.uint8]:
        """The picture itself."""
        return self.levels[0]

    @property
    def size(self) -> PixelSize:
        """Width and height of the picture."""
        return size_of(self.levels[0])

    def mirrored(self) -> "PicturePyramid":
        """Left and right exchanged."""
        return PicturePyramid.of(np.asarray(cv2.flip(self.levels[0], 1), np.uint8))

    def cut(self, low: NDArray[np.float64], high: NDArray[np.float64], size: PixelSize) -> Excerpt:
        """The part between two corners, averaged down to at most this size.

        Args:
            low: (x, y) of the upper left corner, pixels of the picture.
            high: of the lower right one.
            size: wanted; neither side is enlarged.
        """
        wanted = float((np.array([size.width, size.height]) / np.maximum(high - low, 1e-6)).max())
        level, factor = 0, 1.0
        while level + 1 < len(self.levels) and factor / 2 >= _FINER * wanted:
            level, factor = level + 1, factor / 2
        image = self.levels[level]
        left, top = (int(side) for side in np.rint(np.maximum(low, 0) * factor))
        right, bottom = (int(side) for side in np.rint(high * factor))
        part = np.ascontiguousarray(image[top : max(bottom, top + 1), left : max(right, left + 1)])
        small = reduce_to(part, size.width, size.height)
        origin = np.array([left * small.factors[0], top * small.factors[1]])
        return Excerpt(small.image, (factor * small.factors[0], factor * small.factors[1]), origin)

    def bounded(self, longest: int) -> NDArray[np.uint8]:
        """All of it, its longer side no longer than so many pixels."""
        size = self.size
        factor = min(1.0, longest / max(size.width, size.height))
        wanted = PixelSize(round(size.width * factor), round(size.height * factor))
        whole = np.array([size.width, size.height], np.float64)
        return self.cut(np.zeros(2), whole, wanted).image
