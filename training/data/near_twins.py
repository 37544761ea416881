"""Near-twins of any picture.

A shop's near-twins differ in a word, a fruit, an accent colour. Here a part of a picture is printed
over with another picture, recoloured, written on or wiped out.
"""

from collections.abc import Callable, Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.prints import recolour

_LETTERS: Final = "ABCDEFGHIKLMNOPRSTUVYaeioulnrst"
_FONTS: Final = (0, 2, 3, 4, 6)
# Saturation, of 255, from which a pixel counts as coloured.
_SATURATED: Final = 60
# Fewer coloured pixels are no ink.
_FEW_PIXELS: Final = 80

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
_Edit = Callable[[Image, np.random.Generator], Image]


def make_twin(image: Image, pictures: Sequence[Image], rng: np.random.Generator) -> Image:
    """Return the picture with one to three parts altered; same shape.

    Args:
        image: (H, W, 3) uint8, RGB.
        pictures: may be printed over it.
        rng: source of every random draw.
    """

    def overprint(picture: Image, rng: np.random.Generator) -> Image:
        return _overprint(picture, pictures[int(rng.integers(len(pictures)))], rng)

    edits: tuple[_Edit, ...] = (overprint, _recolour_part, _recolour_ink, write_word, _wipe)
    shares = (0.4, 0.15, 0.2, 0.15, 0.1)
    for _ in range(int(rng.integers(1, 4))):
        image = edits[int(rng.choice(len(edits), p=shares))](image, rng)
    return image


def draw_blot(
    height: int, width: int, rng: np.random.Generator, shortest: float, longest: float
) -> Floats:
    """Draw a soft-edged ellipse or box, (H, W, 1) float32 in [0, 1].

    Args:
        height: of the mask in pixels.
        width: of the mask in pixels.
        rng: source of every random draw.
        shortest: side of the box, as a share of the longer side.
        longest: side of the box, as a share of the longer side.
    """
    mask = np.zeros((height, width), np.float32)
    centre = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
    sides = rng.uniform(shortest, longest, 2) * max(height, width)
    if rng.random() < 0.5:
        axes = (int(sides[0] / 2) + 2, int(sides[1] / 2) + 2)
        cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
    else:
        box = cv2.boxPoints((centre, (float(sides[0]), float(sides[1])), float(rng.normal(0, 8))))
        cv2.fillConvexPoly(mask, box.astype(np.int32), 1.0)
    soft = cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(0.5, 2)))
    return np.asarray(soft, np.float32)[..., None]


def blend(image: Image, other: Image | NDArray[np.float64], mask: Floats) -> Image:
    """Return `other` where the mask is 1, the image where it is 0."""
    return np.asarray(image * (1 - mask) + other * mask, np.float32).astype(np.uint8)


def write_word(image: Image, rng: np.random.Generator) -> Image:
    """Write a word somewhere, mostly on ground wiped clean; returns a copy."""
    height, width = image.shape[:2]
    result = image.copy()
    word = "".join(rng.choice(list(_LETTERS), int(rng.integers(3, 10))))
    font = int(rng.choice(_FONTS))
    (length, tall), _ = cv2.getTextSize(word, font, 1.0, 2)
    scale = float(rng.uniform(0.3, 0.9)) * width / length
    left, base = int(rng.uniform(0, 0.4) * width), int(rng.uniform(0.1, 0.95) * height)
    if rng.random() < 0.6:
        top, bottom = max(int(base - 1.2 * tall * scale), 0), int(base + 0.4 * tall * scale) + 1
        ground = result[top:bottom, max(left - 2, 0) : int(left + length * scale) + 2]
        if ground.size:
            ground[:] = np.median(ground.reshape(-1, 3), axis=0)
    ink = rng.integers(0, 256, 3).tolist()
    thickness = max(int(2.5 * scale), 1)
    cv2.putText(result, word, (left, base), font, scale, ink, thickness, cv2.LINE_AA)
    return result


def _overprint(image: Image, other: Image, rng: np.random.Generator) -> Image:
    """Print a part of another picture over it, at times in this one's colours."""
    height, width = image.shape[:2]
    print_ = _patch(other, height, width, rng)
    if rng.random() < 0.4:
        contrast = image.std(axis=(0, 1)) / (print_.std(axis=(0, 1)) + 1)
        matched = (print_ - print_.mean(axis=(0, 1))) * contrast + image.mean(axis=(0, 1))
        print_ = np.asarray(np.clip(matched, 0, 255), np.uint8)
    return blend(image, print_, draw_blot(height, width, rng, 0.08, 0.45))


def _patch(other: Image, height: int, width: int, rng: np.random.Generator) -> Image:
    """Cut (height, width, 3) out of another picture, which is repeated where it is too small."""
    scale = float(rng.uniform(0.4, 1.6))
    size = (max(int(other.shape[1] * scale), 16), max(int(other.shape[0] * scale), 16))
    resized = cv2.resize(other, size, interpolation=cv2.INTER_AREA)
    repeats = (height // size[1] + 2, width // size[0] + 2, 1)
    tiled = np.tile(resized, repeats)
    top = int(rng.integers(tiled.shape[0] - height + 1))
    left = int(rng.integers(tiled.shape[1] - width + 1))
    return np.asarray(tiled[top : top + height, left : left + width], np.uint8)


def _recolour_part(image: Image, rng: np.random.Generator) -> Image:
    other = recolour(image, int(rng.integers(1 << 30)))
    return blend(image, other, draw_blot(image.shape[0], image.shape[1], rng, 0.15, 0.8))


def _recolour_ink(image: Image, rng: np.random.Generator) -> Image:
    """Exchange one of its colours wherever it is printed."""
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV).astype(np.int32)
    saturated = hsv[..., 1] > _SATURATED
    if int(saturated.sum()) < _FEW_PIXELS:
        return recolour(image, int(rng.integers(1 << 30)))
    hue = int(rng.choice(hsv[..., 0][saturated]))
    near = np.abs((hsv[..., 0] - hue + 90) % 180 - 90) < rng.uniform(8, 25)
    turned = hsv.copy()
    turned[..., 0] = (hsv[..., 0] + int(rng.integers(12, 168))) % 180
    other = np.asarray(cv2.cvtColor(turned.astype(np.uint8), cv2.COLOR_HSV2RGB), np.uint8)
    mask = cv2.GaussianBlur((near & saturated).astype(np.float32), (0, 0), 1)
    return blend(image, other, np.asarray(mask, np.float32)[..., None])


def _wipe(image: Image, rng: np.random.Generator) -> Image:
    """Paint a part in the picture's own ground colour."""
    pixels = image.reshape(-1, 3)
    colour = np.median(pixels[rng.integers(len(pixels), size=50)], axis=0)
    mask = draw_blot(image.shape[0], image.shape[1], rng, 0.08, 0.45)
    return blend(image, np.broadcast_to(colour, image.shape), mask)
