"""Photos with known correspondences: things pasted through homographies onto other pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from training.augment.camera import Degradation, photograph
from training.superglue.things import FlatThing

UNKNOWN: Final = 255
"""Owner of pixels that may or may not show one of the references."""

# Pixels of a scene's longer side.
_SIDES: Final = (280, 640)
_ASPECTS: Final = (0.75, 1.0, 4 / 3)
# Displacement of corners at most, as a share of the thing's size.
_CORNERS: Final = 0.25
# Degrees: standard deviation of most turns, and the bound of the few wide ones.
_SPREAD_TURN: Final = 22.0
_WIDE_TURN: Final = 180.0
# Shares of scenes: real photos; of the others, one thing that fills the scene; of the rest, one
# thing alone. All others show up to so many things, less one.
_PHOTOS: Final = 0.4
_FILL: Final = 0.22
_ALONE: Final = 0.55
_CROWD: Final = 7
# Draws until the corners stay convex.
_ATTEMPTS: Final = 20


@dataclass(frozen=True, slots=True, eq=False)
class PlacedThing:
    """A thing in a scene.

    Attributes:
        reference: index of its reference.
        homography: (3, 3) float64, canonical pixels of the reference to the scene's.
        photo: whether a real photo of the thing was pasted.
    """

    reference: int
    homography: NDArray[np.float64]
    photo: bool


@dataclass(frozen=True, slots=True, eq=False)
class ComposedScene:
    """A picture and the things in it.

    Attributes:
        image: (H, W, 3) uint8, RGB.
        owner: (H, W) uint8: 0 for the background, k for the k-th thing (from 1), or `UNKNOWN`.
        placed: the things.
    """

    image: NDArray[np.uint8]
    owner: NDArray[np.uint8]
    placed: tuple[PlacedThing, ...]


class Composer:
    """A composer of scenes; not thread-safe, because of its random generator."""

    def __init__(self, things: Sequence[FlatThing], rng: np.random.Generator) -> None:
        self._flat = [thing for thing in things if not thing.photo]
        self._photos = [thing for thing in things if thing.photo]
        self._rng = rng

    def scene(self) -> ComposedScene:
        """Compose one scene of 280 to 640 pixels, before it is brought to matching size."""
        rng = self._rng
        side, aspect = rng.uniform(*_SIDES), float(rng.choice(_ASPECTS))
        size = (int(side * min(aspect, 1)), int(side * min(1 / aspect, 1)))
        canvas = self._background(size)
        owner = np.zeros(canvas.shape[:2], np.uint8)
        placed: list[PlacedThing] = []
        for thing, share in self._chosen():
            homography = self._pose(thing, size, share)
            _paste(canvas, owner, thing, homography, len(placed) + 1, rng)
            carried = homography @ thing.from_reference
            placed.append(PlacedThing(thing.reference, carried / carried[2, 2], thing.photo))
        strength = float(rng.uniform(0.1, 1.0))
        return ComposedScene(photograph(canvas, rng, Degradation(strength)), owner, tuple(placed))

    def _chosen(self) -> list[tuple[FlatThing, float]]:
        """Choose things and the share of the scene that each takes; each reference at most once."""
        rng, kind = self._rng, self._rng.random()
        if self._photos and kind < _PHOTOS:
            return [(_draw_one(self._photos, rng), float(rng.uniform(0.8, 2.0)))]
        if kind < _PHOTOS + _FILL * (1 - _PHOTOS):
            return [(_draw_one(self._flat, rng), float(rng.uniform(0.7, 1.5)))]
        if rng.random() < _ALONE:
            return [(_draw_one(self._flat, rng), float(rng.uniform(0.35, 0.9)))]
        several = {
            thing.reference: thing
            for thing in (_draw_one(self._flat, rng) for _ in range(rng.integers(2, _CROWD)))
        }
        share = rng.uniform(0.25, 0.6)
        return [(thing, float(share * rng.uniform(0.7, 1.3))) for thing in several.values()]

    def _background(self, size: tuple[int, int]) -> NDArray[np.uint8]:
        rng = self._rng
        if rng.random() < 0.15:
            plain = rng.integers(0, 256, 3)
            return np.full((size[1], size[0], 3), plain, np.uint8)
        image = _draw_one(self._flat, rng).image
        height, width = image.shape[:2]
        cut = int(rng.uniform(0.5, 1.0) * min(height, width))
        top, left = rng.integers(height - cut + 1), rng.integers(width - cut + 1)
        part = cv2.resize(image[top : top + cut, left : left + cut], size)
        return np.ascontiguousarray(part[:, ::-1] if rng.random() < 0.5 else part, np.uint8)

    def _pose(self, thing: FlatThing, size: tuple[int, int], share: float) -> NDArray[np.float64]:
        """Draw a homography from the thing's picture to the scene."""
        rng = self._rng
        rows, columns = np.nonzero(thing.surface)
        if len(rows) == 0:
            rows, columns = np.array([0, 1]), np.array([0, 1])
        low = np.array([columns.min(), rows.min()], np.float64)
        extent = np.array([columns.max() + 1, rows.max() + 1]) - low
        corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
        source = (low + corners * extent).astype(np.float32)
        scale = share * min(size[0] / extent[0], size[1] / extent[1])
        middle = np.array(size) * (0.5 + rng.uniform(-1, 1, 2) * max(1 - share, 0.1) / 2)
        for _ in range(_ATTEMPTS):
            strength = _CORNERS * rng.random() * (0.4 if thing.photo else 1.0)
            shape = (corners - 0.5 + rng.uniform(-strength, strength, (4, 2))) * extent * scale
            turn = np.radians(self._turn(thing.photo))
            around = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
            target = (shape @ around.T + middle).astype(np.float32)
            if cv2.isContourConvex(target):
                return np.asarray(cv2.getPerspectiveTransform(source, target), np.float64)
        straight = (source - source.mean(axis=0)) * scale + middle
        return np.asarray(
            cv2.getPerspectiveTransform(source, straight.astype(np.float32)), np.float64
        )

    def _turn(self, photo: bool) -> float:
        rng = self._rng
        if rng.random() < 0.12:
            return float(rng.uniform(-_WIDE_TURN, _WIDE_TURN))
        return float(rng.normal(0, _SPREAD_TURN * (0.4 if photo else 1.0)))


def _paste(
    canvas: NDArray[np.uint8],
    owner: NDArray[np.uint8],
    thing: FlatThing,
    homography: NDArray[np.float64],
    number: int,
    rng: np.random.Generator,
) -> None:
    """Draw a thing in place; it covers what was there."""
    size = (canvas.shape[1], canvas.shape[0])
    image, matrix = _shrunk(thing.image, homography)
    border = cv2.BORDER_REFLECT_101
    seen = cv2.warpPerspective(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=border)
    alpha = cv2.warpPerspective(thing.alpha, homography, size)
    share = (alpha.astype(np.float32) / 255)[..., None]
    light = np.float32(np.exp(rng.normal(0, 0.2)))
    mixed = canvas + (seen.astype(np.float32) * light - canvas) * share
    canvas[:] = np.clip(mixed, 0, 255).astype(np.uint8)
    surface = cv2.warpPerspective(thing.surface, homography, size)
    owner[alpha > 127] = UNKNOWN if thing.photo else 0
    owner[surface > 127] = number


def _shrunk(
    image: NDArray[np.uint8], homography: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Reduce the picture as far as the homography will, because warping does not average."""
    height, width = image.shape[:2]
    corners = np.array([[[0, 0], [width, 0], [width, height], [0, height]]], np.float64)
    area = cv2.contourArea(cv2.perspectiveTransform(corners, homography).astype(np.float32))
    factor = float(np.sqrt(area / (height * width)))
    if factor > 0.75:
        return image, homography
    small = (max(round(width * factor), 8), max(round(height * factor), 8))
    back = np.array(
        [
            [width / small[0], 0, width / small[0] / 2 - 0.5],
            [0, height / small[1], height / small[1] / 2 - 0.5],
            [0, 0, 1],
        ]
    )
    reduced = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    return np.asarray(reduced, np.uint8), homography @ back


def _draw_one(things: Sequence[FlatThing], rng: np.random.Generator) -> FlatThing:
    return things[int(rng.integers(len(things)))]
