"""Works to hang, paint or stand somewhere: real pictures as paintings, drawn mosaics and murals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from training.crops.propose.target import Image

# Pixels of the longer side of a drawn work.
_DRAWN: Final = 160
# Of a frame's width to the work's shorter side, and of the passe-partout's.
_FRAME: Final = (0.02, 0.16)
_MAT: Final = (0.04, 0.28)


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """One work, upright.

    Attributes:
        image: (H, W, 3) uint8, RGB.
        mask: (H, W) uint8, 255 where it is.
        is_rectangular: whether it fills its picture, so that its corners are the picture's.
    """

    image: Image
    mask: NDArray[np.uint8]
    is_rectangular: bool


def as_work(image: Image) -> Work:
    """Return a whole picture as a work."""
    return Work(image, np.full(image.shape[:2], 255, np.uint8), True)


def cut_canvas(pictures: Sequence[Image], rng: np.random.Generator) -> Image:
    """Cut a canvas of an ordinary aspect out of one of the pictures, perhaps with other colours."""
    picture = pictures[int(rng.integers(len(pictures)))]
    height, width = picture.shape[:2]
    aspect = float(np.exp(rng.normal(0, 0.35)))
    cut = rng.uniform(0.5, 1.0) * min(width / aspect, height)
    across, down = max(int(cut * aspect), 8), max(int(cut), 8)
    left = int(rng.integers(max(width - across, 0) + 1))
    top = int(rng.integers(max(height - down, 0) + 1))
    canvas = picture[top : top + down, left : left + across].astype(np.float32)
    if rng.random() < 0.4:
        mean = canvas.mean(axis=(0, 1))
        canvas = (canvas - mean) * rng.uniform(0.6, 1.4) + mean * np.exp(rng.normal(0, 0.3, 3))
    if rng.random() < 0.15:
        canvas = np.repeat(canvas.mean(axis=2, keepdims=True), 3, axis=2)
    return np.ascontiguousarray(np.clip(canvas, 0, 255).astype(np.uint8))


def frame_canvas(canvas: Image, rng: np.random.Generator) -> Work:
    """Put a canvas into a frame, with or without a passe-partout, or leave it bare."""
    framed = canvas
    shorter = min(canvas.shape[:2])
    if rng.random() < 0.35:
        paper = (rng.uniform(200, 250) + rng.normal(0, 5, 3)).tolist()
        framed = _bordered(framed, max(int(rng.uniform(*_MAT) * shorter), 1), paper)
    if rng.random() < 0.8:
        wide = max(int(rng.uniform(*_FRAME) * shorter), 2)
        colour = _frame_colour(rng)
        bands = int(rng.integers(1, 4))
        for _ in range(bands):
            tone = np.clip(colour * np.exp(rng.normal(0, 0.25)), 0, 255).tolist()
            framed = _bordered(framed, max(wide // bands, 1), tone)
        _bevel(framed, wide, rng)
    return as_work(np.ascontiguousarray(framed))


def draw_mosaic(rng: np.random.Generator) -> Work:
    """Draw a small figure of square tiles, mirror-symmetric, with or without a ground."""
    across, down = (int(number) for number in rng.integers(5, 13, 2))
    half = rng.random((down, (across + 1) // 2))
    figure = np.hstack([half, half[:, : across // 2][:, ::-1]])
    palette = rng.uniform(0, 255, (4, 3))
    palette[0] = rng.choice([0.0, 20.0, 235.0]) + rng.normal(0, 8, 3)
    tiles = palette[np.digitize(figure, [0.35, 0.7, 0.85])]
    has_ground = bool(rng.random() < 0.5)
    shown = np.ones((down, across), bool) if has_ground else figure > rng.uniform(0.2, 0.45)
    cell = max(_DRAWN // max(across, down), 2)
    image = np.kron(np.clip(tiles, 0, 255), np.ones((cell, cell, 1)))
    joint = np.indices(image.shape[:2]) % cell == 0
    if rng.random() < 0.6:
        image[joint[0] | joint[1]] *= rng.uniform(0.6, 1.0)
    mask = np.kron(shown, np.ones((cell, cell))) * 255
    return _tight(Work(image.astype(np.uint8), mask.astype(np.uint8), has_ground))


def draw_mural(rng: np.random.Generator) -> Work:
    """Draw a painted figure or lettering: filled shapes and thick strokes, mostly with outlines."""
    side = _DRAWN
    image = np.zeros((side, side, 3), np.uint8)
    mask = np.zeros((side, side), np.uint8)
    palette = rng.uniform(0, 255, (int(rng.integers(1, 6)), 3))
    for _ in range(rng.integers(2, 9)):
        colour = palette[int(rng.integers(len(palette)))].tolist()
        points = _blob(side, rng)
        cv2.fillPoly(image, [points], colour, cv2.LINE_AA)
        cv2.fillPoly(mask, [points], 255)
        if rng.random() < 0.6:
            thick = int(rng.integers(1, 6))
            cv2.polylines(image, [points], True, (15, 15, 15), thick, cv2.LINE_AA)
            cv2.polylines(mask, [points], True, 255, thick)
    for _ in range(rng.integers(0, 5)):
        stroke = np.cumsum(rng.normal(0, side / 7, (8, 2)), axis=0) + rng.uniform(0, side, 2)
        thick = int(rng.integers(2, 12))
        colour = palette[int(rng.integers(len(palette)))].tolist()
        cv2.polylines(image, [stroke.astype(np.int32)], False, colour, thick, cv2.LINE_AA)
        cv2.polylines(mask, [stroke.astype(np.int32)], False, 255, thick)
    return _tight(Work(image, mask, False))


def as_statue(work: Work, rng: np.random.Generator) -> Work:
    """Give a cut-out the dull colour of stone, plaster or bronze."""
    grey = cv2.cvtColor(work.image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    relief = (grey - grey.mean()) * rng.uniform(0.5, 1.0)
    tone = rng.uniform(25, 230) + rng.normal(0, 14, 3)
    image = np.clip(tone + relief[..., None], 0, 255).astype(np.uint8)
    return Work(image, work.mask, False)


def _blob(side: int, rng: np.random.Generator) -> NDArray[np.int32]:
    count = int(rng.integers(3, 14))
    angles = np.sort(rng.uniform(0, 2 * np.pi, count))
    radii = rng.uniform(0.08, 0.4) * side * rng.uniform(0.5, 1.2, (count, 1))
    around = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii
    return np.asarray(around * rng.uniform(0.5, 1, 2) + rng.uniform(0.25, 0.75, 2) * side, np.int32)


def _tight(work: Work) -> Work:
    left, top, width, height = cv2.boundingRect(work.mask)
    window = np.s_[top : top + max(height, 1), left : left + max(width, 1)]
    return Work(work.image[window].copy(), work.mask[window].copy(), work.is_rectangular)


def _bordered(image: Image, wide: int, colour: Sequence[float]) -> Image:
    bordered = cv2.copyMakeBorder(
        image, wide, wide, wide, wide, cv2.BORDER_CONSTANT, value=tuple(colour)
    )
    return np.asarray(bordered, np.uint8)


def _frame_colour(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return gold, wood, black or white, or any colour."""
    choices = ((190, 150, 70), (110, 70, 40), (25, 25, 25), (235, 235, 230), (150, 150, 150))
    if rng.random() < 0.1:
        return rng.uniform(0, 255, 3)
    return np.array(choices[int(rng.integers(len(choices)))]) + rng.normal(0, 12, 3)


def _bevel(image: Image, wide: int, rng: np.random.Generator) -> None:
    """Light one pair of a frame's sides and shade the other, in place."""
    for side in (image[:wide], image[-wide:], image[:, :wide], image[:, -wide:]):
        side[:] = np.clip(side * rng.uniform(0.7, 1.3), 0, 255).astype(np.uint8)
