"""Invented prints in families of near-twins: one brand and layout, flavours that differ.

They are drawn flat from primitive shapes and strokes, and teach that a word, a fruit and an accent
colour make another product.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

# Pixels: height, and the width that is stretched by 0.8 to 1.6.
_SIZE: Final = (200, 96)
_LETTERS: Final = "AABCDEEFGHIIKLMNOOPRSTUVY"
_FONTS: Final = (0, 2, 3, 4, 6)

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Brand:
    """The layout that the members of a family share."""

    height: int
    width: int
    ground: Colour
    ink: Colour
    name: str
    font: int
    band_top: float
    band_height: float
    seed: int


def draw_family(seed: int, size: int) -> tuple[NDArray[np.uint8], ...]:
    """Draw `size` prints (H, W, 3) RGB of one invented brand; a seed gives the same prints."""
    rng = np.random.default_rng(seed)
    brand = _brand(rng)
    return tuple(_flavour(brand, np.random.default_rng((seed, number))) for number in range(size))


def recolour(image: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """Return the print with its colours exchanged: a twin that only colour tells apart."""
    rng = np.random.default_rng(seed)
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    turn = int(rng.integers(25, 155))
    hsv[..., 0] = (hsv[..., 0].astype(np.int32) + turn) % 180
    hsv[..., 1] = np.maximum(hsv[..., 1], 40 * (hsv[..., 1] > 12))
    if hsv[..., 1].mean() < 30:  # nearly grey: hues would not show
        tint = np.array(_colour(rng), np.float32) / 255
        return np.asarray((image * (0.35 + 0.65 * tint)).astype(np.uint8))
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8)


def _colour(rng: np.random.Generator, dull: bool = False) -> Colour:
    saturation = rng.uniform(0, 60) if dull else rng.uniform(90, 255)
    value = rng.uniform(180, 255) if dull else rng.uniform(60, 255)
    hsv = np.array([[[rng.uniform(0, 180), saturation, value]]]).astype(np.uint8)
    red, green, blue = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0].tolist()
    return red, green, blue


def _word(rng: np.random.Generator, shortest: int, longest: int) -> str:
    letters = rng.integers(len(_LETTERS), size=rng.integers(shortest, longest + 1))
    return "".join(_LETTERS[index] for index in letters)


def _brand(rng: np.random.Generator) -> _Brand:
    height, width = _SIZE
    ground = _colour(rng, dull=bool(rng.random() < 0.6))
    dark = sum(ground) > 380
    ink = _colour(rng) if rng.random() < 0.4 else ((25, 25, 30) if dark else (245, 245, 240))
    return _Brand(
        height=height,
        width=int(width * rng.uniform(0.8, 1.6)),
        ground=ground,
        ink=ink,
        name=_word(rng, 3, 7),
        font=int(rng.choice(_FONTS)),
        band_top=rng.uniform(0.05, 0.85),
        band_height=rng.uniform(0.04, 0.3),
        seed=int(rng.integers(2**31)),
    )


def _flavour(brand: _Brand, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw one member: its own accent colour, picture and word on the family's layout."""
    shared = np.random.default_rng(brand.seed)
    accent = _colour(rng)
    image = np.full((brand.height, brand.width, 3), brand.ground, np.uint8)
    top = int(brand.band_top * brand.height)
    cv2.rectangle(
        image, (0, top), (brand.width, top + int(brand.band_height * brand.height)), accent, -1
    )
    _fruit(image, accent, shared, rng)
    _write(image, brand.name, shared.uniform(0.1, 0.3), brand.font, brand.ink, 0.85)
    _write(image, _word(rng, 4, 9), shared.uniform(0.35, 0.9), brand.font, brand.ink, 0.6)
    for _ in range(shared.integers(0, 5)):
        _small_print(image, shared, brand.ink)
    return image


def _fruit(
    image: NDArray[np.uint8],
    accent: Colour,
    shared: np.random.Generator,
    rng: np.random.Generator,
) -> None:
    """Draw a handful of ellipses and polygons where the family has its picture."""
    height, width = image.shape[:2]
    centre = np.array([shared.uniform(0.25, 0.75) * width, shared.uniform(0.45, 0.8) * height])
    for _ in range(rng.integers(2, 7)):
        colour = accent if rng.random() < 0.5 else _colour(rng)
        at = (centre + rng.normal(0, 0.14, 2) * width).astype(int)
        if rng.random() < 0.6:
            axes = (rng.uniform(0.05, 0.28, 2) * width).astype(int)
            turn = rng.uniform(0, 180)
            cv2.ellipse(image, at.tolist(), axes.tolist(), turn, 0, 360, colour, -1, cv2.LINE_AA)
        else:
            points = at + (rng.uniform(-0.25, 0.25, (4, 2)) * width).astype(int)
            cv2.fillPoly(image, [points.astype(np.int32)], colour, cv2.LINE_AA)


def _write(
    image: NDArray[np.uint8], text: str, row: float, font: int, ink: Colour, share: float
) -> None:
    height, width = image.shape[:2]
    (length, _), _ = cv2.getTextSize(text, font, 1.0, 2)
    scale = share * width / length
    at = (int((1 - share) / 2 * width), int(row * height))
    cv2.putText(image, text, at, font, scale, ink, max(int(3 * scale), 1), cv2.LINE_AA)


def _small_print(image: NDArray[np.uint8], rng: np.random.Generator, ink: Colour) -> None:
    """Draw lines of text too small to read, as bars."""
    height, width = image.shape[:2]
    left, top = int(rng.uniform(0.05, 0.5) * width), int(rng.uniform(0.05, 0.9) * height)
    for line in range(rng.integers(2, 6)):
        right = left + int(rng.uniform(0.15, 0.45) * width)
        cv2.line(image, (left, top + 5 * line), (right, top + 5 * line), ink, 1)
