"""Pairs of a picture and a crop of it, with the truth."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.crops.locate.edits import Edit, apply_edit, compress, draw_quality, resize
from bench.crops.locate.pictures import PictureSource, read_picture

Image = NDArray[np.uint8]

_LEAST_SIDE_PX: Final = 24  # of a crop; smaller ones are drawn again
_PLAIN_TRIES: Final = 60  # windows, of which the one with the least texture is taken
_PLAIN_GRADIENT: Final = 2.6  # grey levels per pixel, on average, at most
_LEAST_GRADIENT: Final = 1.5  # of the other strata
_LEAST_CONTRAST: Final = 5.0  # grey levels of standard deviation; less tells no places apart
_PAGE: Final = (640, 480)  # rows and columns of a page of text
_SKY: Final = (480, 640)  # of a gradient
_TRIES: Final = 200  # pictures, before a drawing is given up


class Stratum(Enum):
    """A kind of related pair, each with its own bar."""

    ORDINARY = "area >= 10 %, scale 0.5 to 2"
    SMALL = "area 2 to 10 % or scale < 0.5"
    PLAIN = "hardly any texture"


@dataclass(frozen=True, slots=True, eq=False)
class RelatedPair:
    """A picture and its crop.

    Attributes:
        full: (H, W, 3) uint8, compressed.
        crop: (h, w, 3) uint8, edited and compressed.
        outline: (4, 2) where the crop's content lies, pixels of the full picture.
        stratum: of the pair.
        edit: of the crop.
        quality: at which the crop was compressed.
        zoom: size of the crop divided by that of its place.
        area: of the place, a share of the full picture.
        name: of the picture, for people.
    """

    full: Image
    crop: Image
    outline: NDArray[np.float64]
    stratum: Stratum
    edit: Edit
    quality: int
    zoom: float
    area: float
    name: str

    def without_pixels(self) -> "RelatedPair":
        """The pair without its pictures, to be kept."""
        nothing = np.zeros((0, 0, 3), np.uint8)
        return replace(self, full=nothing, crop=nothing)


def make_related(source: PictureSource, stratum: Stratum, seed: int) -> RelatedPair:
    """Make one pair, the same for the same seed."""
    random = np.random.default_rng((seed, 1, source.half.value))
    for _ in range(_TRIES):
        name, full = _picture(source, stratum, random)
        area, zoom = _drawn(stratum, random)
        window = _window(full, area, stratum, random)
        if window is None:
            continue
        left, top, width, height = window
        edit = _edit(stratum, random)
        stretch = float(np.exp(random.uniform(-0.15, 0.15))) if edit is Edit.ASPECT else 1.0
        size = round(width * zoom * stretch), round(height * zoom / stretch)
        if min(size) < _LEAST_SIDE_PX:
            continue
        part = np.ascontiguousarray(full[top : top + height, left : left + width])
        crop = apply_edit(resize(part, *size), edit, random)
        quality = draw_quality(random)
        crop = compress(crop, quality, webp=random.random() < 0.3)
        outline = np.array(
            [
                [left, top],
                [left + width, top],
                [left + width, top + height],
                [left, top + height],
            ],
            np.float64,
        )
        shown = compress(full, draw_quality(random), webp=random.random() < 0.3)
        share = width * height / (full.shape[0] * full.shape[1])
        return RelatedPair(shown, crop, outline, stratum, edit, quality, zoom, share, name)
    raise ValueError("no picture of this source is large enough")


def _drawn(stratum: Stratum, random: np.random.Generator) -> tuple[float, float]:
    """Area and zoom of a pair."""
    if stratum is Stratum.ORDINARY:
        area = float(random.choice((0.1, 0.2, 0.35, 0.6, 0.85))) * float(random.uniform(1, 1.15))
        return area, _between(0.5, 2.0, random)
    if stratum is Stratum.PLAIN:
        return float(random.uniform(0.1, 0.4)), float(
            np.exp(random.uniform(np.log(0.5), np.log(2)))
        )
    if random.random() < 0.6:
        return float(random.uniform(0.02, 0.1)), float(
            np.exp(random.uniform(np.log(0.5), np.log(4)))
        )
    return float(random.uniform(0.1, 0.6)), _between(0.25, 0.5, random)


def _between(low: float, high: float, random: np.random.Generator) -> float:
    """A factor, evenly drawn on a logarithmic scale."""
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def _edit(stratum: Stratum, random: np.random.Generator) -> Edit:
    if stratum is Stratum.PLAIN:
        return Edit.NONE
    return list(Edit)[int(random.integers(len(Edit)))]


def _picture(
    source: PictureSource, stratum: Stratum, random: np.random.Generator
) -> tuple[str, Image]:
    drawn = random.random()
    if stratum is Stratum.PLAIN and drawn < 0.2:
        return "text on white", draw_text(random)
    if stratum is Stratum.PLAIN and drawn < 0.4:
        return "gradient", draw_gradient(random)
    path = source.singles[int(random.integers(len(source.singles)))]
    return path.name, read_picture(path)


def _window(
    full: Image, area: float, stratum: Stratum, random: np.random.Generator
) -> tuple[int, int, int, int] | None:
    """Left, top, width, height; None where the picture has no such window."""
    grey = cv2.cvtColor(full, cv2.COLOR_RGB2GRAY).astype(np.float32)
    slope = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)) / 8
    best: tuple[float, tuple[int, int, int, int]] | None = None
    drawn = stratum is not Stratum.PLAIN or full.shape[:2] in (_PAGE, _SKY)
    for _ in range(1 if drawn else _PLAIN_TRIES):
        window = draw_window(full, area, random)
        left, top, width, height = window
        here = np.s_[top : top + height, left : left + width]
        steep = float(slope[here].mean())
        if grey[here].std() >= _LEAST_CONTRAST and (best is None or steep < best[0]):
            best = (steep, window)
    if best is None or (best[0] >= _PLAIN_GRADIENT and not drawn):
        return None
    return None if stratum is not Stratum.PLAIN and best[0] < _LEAST_GRADIENT else best[1]


def draw_window(full: Image, area: float, random: np.random.Generator) -> tuple[int, int, int, int]:
    """Left, top, width, height of a window with this share of the area; one in ten is extreme."""
    height, width = full.shape[:2]
    aspect = float(np.exp(random.uniform(-0.6, 0.6))) * width / height
    if random.random() < 0.1:
        aspect *= float(random.choice((0.25, 4.0)))
    columns = min(width, max(8, int((area * width * height * aspect) ** 0.5)))
    rows = min(height, max(8, int(area * width * height / columns)))
    left = int(random.integers(0, width - columns + 1))
    top = int(random.integers(0, height - rows + 1))
    return left, top, columns, rows


def draw_text(random: np.random.Generator) -> Image:
    """(640, 480, 3) a page with few lines of random words."""
    page = np.full((*_PAGE, 3), 255, np.uint8)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    for line in range(int(random.integers(6, 14))):
        words = ["".join(random.choice(letters, int(random.integers(2, 9)))) for _ in range(4)]
        place = (int(random.integers(20, 160)), 60 + line * 44)
        cv2.putText(page, " ".join(words), place, 0, 0.5, (30, 30, 30), 1, cv2.LINE_AA)
    return page


def draw_gradient(random: np.random.Generator) -> Image:
    """(480, 640, 3) smooth colours: a bent sky, with a trace of grain."""
    coarse = random.uniform(60, 220, (3, 4, 3)).astype(np.float32)
    smooth = cv2.resize(coarse, (640, 480), interpolation=cv2.INTER_CUBIC)
    smooth = cv2.GaussianBlur(smooth, (0, 0), 40)
    grain = random.normal(0, 0.8, (480, 640, 1)).astype(np.float32)
    return np.asarray(np.clip(smooth + grain, 0, 255), np.uint8)
