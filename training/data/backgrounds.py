"""Backgrounds for products: drawn ones, and pictures of a folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.sources import read_rgb
from training.errors import TrainingError

# Pixels: of drawn backgrounds, and of the longer side of read ones.
_SIDE: Final = 256
_LONGEST: Final = 400
# Pixels of the shorter side; smaller pictures show too little.
_SHORTEST: Final = 48
_SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp", ".bmp")

Image = NDArray[np.uint8]


def draw_backgrounds(count: int, seed: int) -> list[Image]:
    """Draw walls, boards, tiles and clutter, (256, 256, 3) each; the same seed gives the same."""
    kinds: tuple[Callable[[np.random.Generator], Image], ...] = (_wall, _boards, _tiles, _clutter)
    return [kinds[number % 4](np.random.default_rng((seed, number))) for number in range(count)]


def read_backgrounds(folder: Path, most: int) -> list[Image]:
    """Read pictures of a folder and the folders in it, each at most 400 pixels long.

    Raises:
        TrainingError: there is no picture in it, or one cannot be read.
    """
    if not folder.is_dir():
        raise TrainingError(f"{folder} is no folder: name one with pictures of places")
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in _SUFFIXES)
    if not paths:
        raise TrainingError(f"there is no picture in {folder}: name a folder with some")
    found = [read_rgb(path, _LONGEST) for path in paths[:most]]
    return [image for image in found if min(image.shape[:2]) >= _SHORTEST]


def _wall(rng: np.random.Generator) -> Image:
    """Draw a colour that drifts slowly, with a little grain."""
    coarse = rng.integers(30, 230, (3, 3, 3)).astype(np.float32)
    smooth = cv2.resize(coarse, (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC)
    grain = rng.normal(0, rng.uniform(0, 8), (_SIDE, _SIDE, 1))
    return np.clip(0.4 * smooth + 0.6 * rng.uniform(40, 220, 3) + grain, 0, 255).astype(np.uint8)


def _boards(rng: np.random.Generator) -> Image:
    """Draw planks: long strips of one tone, with streaks along them."""
    tone = np.array([rng.uniform(90, 200), rng.uniform(60, 150), rng.uniform(30, 110)])
    streaks = cv2.resize(rng.normal(0, 22, (_SIDE, 6)).astype(np.float32), (_SIDE, _SIDE))
    image = np.asarray(tone + streaks[..., None], np.float32)
    step = int(rng.integers(24, 80))
    for top in range(0, _SIDE, step):
        image[top : top + step] += rng.normal(0, 14)
        image[top : top + 2] *= 0.5
    boards = np.clip(image, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(boards.transpose(1, 0, 2)) if rng.random() < 0.5 else boards


def _tiles(rng: np.random.Generator) -> Image:
    """Draw a grid with joints."""
    image = np.full((_SIDE, _SIDE, 3), rng.uniform(20, 120, 3), np.uint8)
    step = int(rng.integers(24, 90))
    base = rng.uniform(60, 235, 3)
    for top in range(0, _SIDE, step):
        for left in range(0, _SIDE, step):
            colour = np.clip(base + rng.normal(0, 12, 3), 0, 255).tolist()
            cv2.rectangle(image, (left, top), (left + step - 3, top + step - 3), colour, -1)
    return image


def _clutter(rng: np.random.Generator) -> Image:
    """Draw many shapes in front of each other."""
    image = _wall(rng)
    for _ in range(int(rng.integers(20, 70))):
        colour = rng.integers(0, 255, 3).tolist()
        centre = rng.integers(0, _SIDE, 2).tolist()
        axes = rng.integers(4, 60, 2).tolist()
        if rng.random() < 0.5:
            cv2.ellipse(image, centre, axes, rng.uniform(0, 180), 0, 360, colour, -1, cv2.LINE_AA)
        else:
            corner = [a + b for a, b in zip(centre, axes, strict=True)]
            cv2.rectangle(image, centre, corner, colour, -1)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 2.0)), np.uint8)
