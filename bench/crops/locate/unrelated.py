"""Pairs of which neither is a crop of the other, half of them look-alikes."""

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.crops.locate.edits import compress, draw_quality, resize
from bench.crops.locate.pictures import Half, PictureSource, read_frames, read_picture
from bench.crops.locate.related import draw_window

Image = NDArray[np.uint8]

_LEAST_SIDE_PX: Final = 24  # of a part
_TRIES: Final = 400  # drawings, before one is given up
_CHANGED: Final = 18.0  # grey levels after blurring: more than noise
_LEAST_CHANGED: Final = 0.04  # share of a window that must have moved between two frames
_TEXTURE: Final = 4.0  # grey levels per pixel, for patches of repeated texture and flips


class Likeness(Enum):
    """How two unrelated pictures resemble each other."""

    NONE = "any two pictures"
    FLIP = "mirror image"
    TIME = "neighbours in time"
    SUBJECT = "same subject"
    TEXTURE = "patches of one texture"
    TWIN = "near-twins"


HARD: Final = (Likeness.FLIP, Likeness.TIME, Likeness.SUBJECT, Likeness.TEXTURE, Likeness.TWIN)


@dataclass(frozen=True, slots=True, eq=False)
class UnrelatedPair:
    """Two pictures of which neither is a crop of the other.

    Attributes:
        full: (H, W, 3) uint8.
        other: (h, w, 3) uint8, a part of something else.
        likeness: how they resemble each other.
        name: of the pictures, for people.
    """

    full: Image
    other: Image
    likeness: Likeness
    name: str


class UnrelatedPairs:
    """Makes unrelated pairs; keeps the frames of the clips that it read."""

    def __init__(self, source: PictureSource) -> None:
        self._source = source
        self._frames = lru_cache(maxsize=4)(_frames_of)

    def make(self, likeness: Likeness, seed: int) -> UnrelatedPair:
        """Make one pair, the same for the same seed.

        Raises:
            ValueError: the pictures have none such.
        """
        random = np.random.default_rng((seed, 2, self._source.half.value, _number(likeness)))
        for _ in range(_TRIES):
            made = self._made(likeness, random)
            if made is None:
                continue
            full, part, name = made
            zoom = float(np.exp(random.uniform(np.log(0.5), np.log(2))))
            size = round(part.shape[1] * zoom), round(part.shape[0] * zoom)
            if min(size) < _LEAST_SIDE_PX:
                continue
            other = compress(resize(part, *size), draw_quality(random), webp=random.random() < 0.3)
            shown = compress(full, draw_quality(random), webp=random.random() < 0.3)
            return UnrelatedPair(shown, other, likeness, name)
        raise ValueError(f"there are no pictures for {likeness.value}")

    def _made(
        self, likeness: Likeness, random: np.random.Generator
    ) -> tuple[Image, Image, str] | None:
        source = self._source
        area = float(random.uniform(0.05, 0.9))
        if likeness is Likeness.TIME:
            return self._in_time(area, random)
        if likeness in (Likeness.SUBJECT, Likeness.TWIN):
            groups = source.subjects if likeness is Likeness.SUBJECT else source.twins
            if not groups:
                return None
            group = groups[int(random.integers(len(groups)))]
            one, other = random.choice(len(group), 2, replace=False)
            return self._of_two(group[one], group[other], area, random)
        one, other = random.choice(len(source.singles), 2, replace=False)
        path = source.singles[one]
        if likeness is Likeness.NONE:
            return self._of_two(path, source.singles[other], area, random)
        full = read_picture(path)
        if likeness is Likeness.FLIP:
            part = _cut(full, draw_window(full, area, random))
            return (full, part[:, ::-1], path.name) if _textured(part) else None
        return _two_patches(full, path.name, random)

    def _of_two(
        self, one: Path, other: Path, area: float, random: np.random.Generator
    ) -> tuple[Image, Image, str]:
        second = read_picture(other)
        part = _cut(second, draw_window(second, area, random))
        return read_picture(one), part, f"{one.name} {other.name}"

    def _in_time(self, area: float, random: np.random.Generator) -> tuple[Image, Image, str] | None:
        clip = self._source.clips[int(random.integers(len(self._source.clips)))]
        frames = self._frames(clip, self._source.half)
        if len(frames) < 4:
            return None
        first = int(random.integers(len(frames) - 3))
        second = min(len(frames) - 1, first + int(random.integers(1, 12)))
        window = draw_window(frames[second], area, random)
        one, other = _cut(frames[first], window), _cut(frames[second], window)
        off = cv2.absdiff(cv2.GaussianBlur(one, (0, 0), 1.5), cv2.GaussianBlur(other, (0, 0), 1.5))
        if float((off.max(axis=2) > _CHANGED).mean()) < _LEAST_CHANGED:
            return None
        return frames[first], other, f"{clip.name} {first} {second}"


def _frames_of(clip: Path, half: Half) -> list[Image]:
    return read_frames(clip, half)


def _number(likeness: Likeness) -> int:
    return list(Likeness).index(likeness)


def _cut(image: Image, window: tuple[int, int, int, int]) -> Image:
    left, top, width, height = window
    return np.ascontiguousarray(image[top : top + height, left : left + width])


def _textured(image: Image) -> bool:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    slope = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)) / 8
    return bool(slope.mean() > _TEXTURE)


def _two_patches(
    full: Image, name: str, random: np.random.Generator
) -> tuple[Image, Image, str] | None:
    """Parts left and right, or above and below, with a gap between them."""
    if not _textured(full):
        return None
    if random.random() < 0.5:
        full = np.ascontiguousarray(full.transpose(1, 0, 2))
    width = full.shape[1]
    middle = int(random.uniform(0.4, 0.7) * width)
    rest = np.ascontiguousarray(full[:, middle + 4 :])
    part = _cut(rest, draw_window(rest, float(random.uniform(0.2, 0.9)), random))
    return np.ascontiguousarray(full[:, :middle]), part, name
