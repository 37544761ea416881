"""A picture as the locator works with it: bounded copies, made once."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.crops.locate.geometry import PixelSize

# Pixels of the copy that is searched: a crop of 2 % of a large photo still has 12,000 in it.
SEARCHED_PIXELS: Final = 600_000

# An edge row belongs to a border when its pixels differ by no more than JPEG makes them differ.
_QUANTILES: Final = (0.1, 0.5, 0.9)  # of a row: what rings beyond is not looked at
_BORDER_SPREAD: Final = 14.0  # grey levels
_BORDER_STEP: Final = 8.0  # grey levels between its middle and the outermost row's
_DEEPEST_SHARE: Final = 0.3  # of a side that may be border
_FIRST_ROWS: Final = 4  # looked at first: most pictures have no border

_SMALL_PIXELS: Final = 20_000
_SMOOTH: Final = 2.5  # grey levels per pixel, on average, in a copy of that many pixels
_LEAST_CONTRAST: Final = 6.0  # grey levels of standard deviation of what borders enclose


@dataclass(frozen=True, slots=True)
class ContentBox:
    """The part of a picture that lies within borders of one colour, in pixels."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True, eq=False)
class Copy:
    """A reduced picture.

    Attributes:
        image: (h, w, 3) uint8, RGB.
        factors: what the picture's coordinates are multiplied by, (x, y), at most 1.
    """

    image: NDArray[np.uint8]
    factors: tuple[float, float]


def size_of(image: NDArray[np.uint8]) -> PixelSize:
    """PixelSize of an (H, W, …) picture."""
    return PixelSize(image.shape[1], image.shape[0])


def whole_box(image: NDArray[np.uint8]) -> ContentBox:
    """All of a picture."""
    return ContentBox(0, 0, image.shape[1], image.shape[0])


def reduce_to(image: NDArray[np.uint8], width: int, height: int) -> Copy:
    """Average a picture down to at most this size; neither side is enlarged."""
    size = size_of(image)
    width, height = max(1, min(width, size.width)), max(1, min(height, size.height))
    factors = (width / size.width, height / size.height)
    if (width, height) == (size.width, size.height):
        return Copy(image, factors)
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return Copy(np.asarray(small, np.uint8), factors)


def searched_copy(image: NDArray[np.uint8]) -> Copy:
    """The copy in which keypoints are looked for."""
    size = size_of(image)
    factor = min(1.0, (SEARCHED_PIXELS / size.pixels) ** 0.5)
    width, height = round(size.width * factor), round(size.height * factor)
    source, halved = image, 1.0
    while min(source.shape[0] // 2 - height, source.shape[1] // 2 - width) >= 0 and factor < 1:
        source, halved = halve(source), halved / 2
    copy = reduce_to(source, width, height)
    return Copy(copy.image, (copy.factors[0] * halved, copy.factors[1] * halved))


def halve(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Average four pixels each; the last row and column of odd sides are left out.

    Coordinates are halved exactly.
    """
    height, width = image.shape[0] // 2, image.shape[1] // 2
    even = image[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def is_plain(image: NDArray[np.uint8]) -> bool:
    """Whether a picture is so small or so smooth that its keypoints say little."""
    size = size_of(image)
    factor = min(1.0, (_SMALL_PIXELS / size.pixels) ** 0.5)
    if factor == 1.0:
        return True
    small = reduce_to(image, round(size.width * factor), round(size.height * factor)).image
    grey = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), (0, 0), 1.5)
    slope = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)) / 8
    return bool(slope.mean() < _SMOOTH)


def find_content(image: NDArray[np.uint8]) -> ContentBox:
    """The picture without borders of one colour; the whole where there are none."""
    size = size_of(image)
    top = _depth(image)
    bottom = _depth(image[::-1])
    if top + bottom >= size.height - 8:
        return whole_box(image)
    middle = image[top : size.height - bottom]
    sideways = np.transpose(middle, (1, 0, 2))
    left, right = _depth(sideways), _depth(sideways[::-1])
    if left + right >= size.width - 8:
        left = right = 0
    if not (top or bottom or left or right):
        return whole_box(image)
    inner = middle[:, left : size.width - right]
    step = max(1, int((inner.shape[0] * inner.shape[1] / _SMALL_PIXELS) ** 0.5))
    if inner[::step, ::step].std() < _LEAST_CONTRAST:
        return whole_box(image)
    return ContentBox(left, top, size.width - right, size.height - bottom)


def _depth(rows: NDArray[np.uint8]) -> int:
    """How many of the first rows have the colour of the first, and only that."""
    deepest = int(len(rows) * _DEEPEST_SHARE)
    every, start, count = max(1, rows.shape[1] // 512), 0, _FIRST_ROWS
    outermost: NDArray[np.float32] | None = None
    while start < deepest:
        part = rows[start : min(start + count, deepest), ::every].astype(np.float32)
        low, middles, high = np.quantile(part, _QUANTILES, axis=1)
        outermost = middles[0] if outermost is None else outermost
        spread = (high - low).max(axis=1)
        off = np.abs(middles - outermost).max(axis=1)
        broken = np.flatnonzero((spread > _BORDER_SPREAD) | (off > _BORDER_STEP))
        if len(broken):
            return start + int(broken[0])
        start, count = start + count, 4 * count
    return deepest
