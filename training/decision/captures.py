"""Photos of flat prints as a phone takes them, drawn from the prints' digital originals.

A photo of a print differs from its original by more than a camera: inks, paper and lamps give other
colours, gloss reflects the lamp, a hand or a neighbour stands in front.
"""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from training.augment.camera import Degradation, Glare, photograph, wash_out
from training.augment.reproduction import draw_reproduction, reproduce

_SIDES: Final = (420, 1000)  # pixels of a photo's longer side
_ASPECTS: Final = (0.75, 1.0, 4 / 3)  # width over height of a photo
_SHARE: Final = (0.35, 1.05)  # of the photo's side that the print takes
_SKEW: Final = 0.22  # of its own sides, by which each corner is moved at most
_TURN: Final = 12.0  # degrees, standard deviation
_UPSIDE: Final = 0.06  # share of photos that are turned in any direction
_COVERED: Final = 0.3  # share of photos in which something stands before the print
_GLOSSY: Final = 0.5  # share of photos with the reflection of a lamp
_ATTEMPTS: Final = 20  # until the corners stay convex
# Of the reflection, as shares of the print's sides: half of its axes.
_REFLECTION: Final = ((0.1, 0.8), (0.05, 0.22))
_BRIGHTNESS: Final = (0.3, 1.0)  # of its middle; 1 is white

Image = NDArray[np.uint8]
_CORNERS: Final = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def capture_print(picture: Image, places: Sequence[Image], rng: np.random.Generator) -> Image:
    """Photograph a print somewhere.

    Args:
        picture: (H, W, 3) uint8 RGB, all of it the print.
        places: pictures to put it before.
        rng: source of all chance.

    Returns:
        (h, w, 3) uint8 RGB, 420 to 1000 pixels on its longer side.
    """
    printed = reproduce(picture, draw_reproduction(rng))
    if rng.random() < _GLOSSY:
        printed = _reflecting(printed, rng)
    side, aspect = rng.uniform(*_SIDES), float(rng.choice(_ASPECTS))
    size = (int(side * min(aspect, 1)), int(side * min(1 / aspect, 1)))
    canvas = _place(places, size, rng)
    corners = _corners(printed, size, rng)
    scene = _hung(printed, corners, canvas, rng)
    return photograph(scene, rng, Degradation(float(rng.uniform(0.1, 1.0))))


def stick_on(picture: Image, other: Image, rng: np.random.Generator) -> Image:
    """Return a print with a piece of another one on it, as two products bear one brand."""
    result = picture.copy()
    height, width = other.shape[:2]
    rows, columns = (max(int(side * rng.uniform(0.3, 0.6)), 8) for side in (height, width))
    top, left = rng.integers(height - rows + 1), rng.integers(width - columns + 1)
    piece = other[top : top + rows, left : left + columns]
    scale = min(picture.shape[0] / height, picture.shape[1] / width) * rng.uniform(0.7, 1.0)
    shape = (max(int(columns * scale), 8), max(int(rows * scale), 8))
    small = cv2.resize(piece, shape, interpolation=cv2.INTER_AREA)
    y = rng.integers(max(result.shape[0] - small.shape[0], 0) + 1)
    x = rng.integers(max(result.shape[1] - small.shape[1], 0) + 1)
    target = result[y : y + small.shape[0], x : x + small.shape[1]]
    target[:] = small[: target.shape[0], : target.shape[1]]
    return result


def _reflecting(picture: Image, rng: np.random.Generator) -> Image:
    long, short = _REFLECTION
    x, y = rng.uniform(0, 1, 2).tolist()
    lamp = Glare(
        angle=rng.uniform(0, np.pi),
        x=x,
        y=y,
        length=rng.uniform(*long),
        width=rng.uniform(*short),
        strength=rng.uniform(*_BRIGHTNESS),
    )
    lit = wash_out(picture.astype(np.float32), lamp)
    return np.asarray(np.clip(lit, 0, 255), np.uint8)


def _place(places: Sequence[Image], size: tuple[int, int], rng: np.random.Generator) -> Image:
    place = places[int(rng.integers(len(places)))]
    height, width = place.shape[:2]
    zoom = min(width / size[0], height / size[1]) * rng.uniform(0.6, 1.0)
    columns, rows = max(int(size[0] * zoom), 1), max(int(size[1] * zoom), 1)
    left, top = rng.integers(width - columns + 1), rng.integers(height - rows + 1)
    return np.asarray(cv2.resize(place[top : top + rows, left : left + columns], size), np.uint8)


def _corners(
    picture: Image, size: tuple[int, int], rng: np.random.Generator
) -> NDArray[np.float32]:
    height, width = picture.shape[:2]
    share = rng.uniform(*_SHARE)
    extent = np.array([width, height]) * share * min(size[0] / width, size[1] / height)
    middle = np.array(size) * (0.5 + rng.uniform(-0.5, 0.5, 2) * max(1 - share, 0.1))
    square = np.array(_CORNERS) - 0.5
    for _ in range(_ATTEMPTS):
        moved = square + rng.uniform(-1, 1, (4, 2)) * _SKEW * rng.random()
        degrees = rng.uniform(-180, 180) if rng.random() < _UPSIDE else rng.normal(0, _TURN)
        cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        turned = moved * extent @ np.array([[cos, sin], [-sin, cos]])
        corners = np.asarray(turned + middle, np.float32)
        if cv2.isContourConvex(corners):
            return corners
    return np.asarray(square * extent + middle, np.float32)


def _hung(
    picture: Image, corners: NDArray[np.float32], canvas: Image, rng: np.random.Generator
) -> Image:
    height, width = picture.shape[:2]
    size = (canvas.shape[1], canvas.shape[0])
    own = (np.array(_CORNERS) * [width, height]).astype(np.float32)
    move = cv2.getPerspectiveTransform(own, corners)
    shrink = float(np.sqrt(height * width / max(cv2.contourArea(corners), 1.0)))
    # Warping does not average: what becomes smaller is blurred first.
    sharp = picture if shrink < 1.3 else cv2.GaussianBlur(picture, (0, 0), 0.5 * shrink)
    border = cv2.BORDER_REFLECT_101
    seen = cv2.warpPerspective(sharp, move, size, flags=cv2.INTER_LINEAR, borderMode=border)
    alpha = cv2.warpPerspective(np.full((height, width), 255, np.uint8), move, size)
    if rng.random() < _COVERED:
        _cover(alpha, corners, rng)
    share = (alpha.astype(np.float32) / 255)[..., None]
    light = np.float32(np.exp(rng.normal(0, 0.2)))
    mixed = canvas + (seen.astype(np.float32) * light - canvas) * share
    return np.asarray(np.clip(mixed, 0, 255), np.uint8)


def _cover(
    alpha: NDArray[np.generic], corners: NDArray[np.float32], rng: np.random.Generator
) -> None:
    """Take an ellipse of the print out of the mask."""
    extent = np.ptp(corners, axis=0)
    middle = corners.mean(axis=0) + rng.uniform(-0.5, 0.5, 2) * extent
    axes = (extent * rng.uniform(0.1, 0.3, 2)).astype(int) + 1
    centre, size = [int(value) for value in middle], [int(value) for value in axes]
    cv2.ellipse(np.asarray(alpha), centre, size, rng.uniform(0, 180), 0, 360, 0, cv2.FILLED)
