"""Composed pictures for the detector: products on real places, so that every box is known.

Layouts: a few things scattered, one held close, and shelves with rows of the same product.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from training.augment.camera import Degradation, Shot, apply_shot, draw_shot
from training.augment.views import Subject
from training.detector.canvas import SMALLEST, VISIBLE, PastePose, SceneCanvas
from training.detector.drink_layouts import DrinkLayouts

# Share of the composed scenes that show drinks alone, where there are any.
_DRINKS: Final = 0.45
# Of a box's sides: how much of each corner a turned product leaves empty.
_CORNER: Final = 0.15
_COMPOSED_DEGRADATION: Final = Degradation(0.7)
# Real photos were degraded once, when they were taken.
_PHOTO_DEGRADATION: Final = Degradation(0.5)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A picture whose products are all boxed.

    Attributes:
        image: (H, W, 3) uint8, RGB.
        boxes: in its pixels, clipped to it.
        shot: the photograph that is still to be taken of it; None if it was.
    """

    image: NDArray[np.uint8]
    boxes: tuple[Box, ...]
    shot: Shot | None = None

    def take_shot(self) -> "Scene":
        """Return the scene as its shot shows it; itself if the shot was taken."""
        if self.shot is None:
            return self
        return Scene(apply_shot(self.image, self.shot), self.boxes)


class SceneComposer:
    """A composer of scenes from cut-outs and backgrounds; not thread-safe (random generator)."""

    def __init__(
        self,
        products: Sequence[Subject],
        backgrounds: Sequence[NDArray[np.uint8]],
        rng: np.random.Generator,
        drinks: Sequence[Subject] = (),
    ) -> None:
        """Take what scenes show.

        Args:
            products: cut-outs, at least one.
            backgrounds: pictures without products, at least one.
            rng: of every draw.
            drinks: cut-outs of bottles and cans, which nearly half of the scenes then show alone.
        """
        self._products = products
        self._backgrounds = backgrounds
        self._rng = rng
        self._drinks = DrinkLayouts(drinks, rng) if drinks else None

    def scene(self, side: int) -> Scene:
        """Compose a (side, side) scene with none to about forty products."""
        return self.undegraded_scene(side).take_shot()

    def undegraded_scene(self, side: int) -> Scene:
        """Compose a (side, side) scene whose shot is still to be taken."""
        canvas = self._empty(side)
        kind = self._rng.random()
        if kind < 0.08:
            pass  # a background without a product is a lesson too
        elif self._drinks and self._rng.random() < _DRINKS:
            self._drinks.fill(canvas)
        elif kind < 0.5:
            self._scatter(canvas, side)
        elif kind < 0.65:
            height = self._rng.uniform(0.5, 0.95) * side
            centre = self._rng.uniform(0.35, 0.65, 2) * side
            canvas.paste(self._any(), PastePose(height, centre, tilt=0.1, turn=14))
        else:
            self._shelf(canvas, side)
        image = np.clip(canvas.image, 0, 255).astype(np.uint8)
        shot = draw_shot(_COMPOSED_DEGRADATION, side, side, self._rng)
        return Scene(image, canvas.visible_boxes(), shot)

    def _any(self) -> Subject:
        return self._products[int(self._rng.integers(len(self._products)))]

    def _empty(self, side: int) -> SceneCanvas:
        background = self._backgrounds[int(self._rng.integers(len(self._backgrounds)))]
        height, width = background.shape[:2]
        cut = int(self._rng.uniform(0.45, 1.0) * min(height, width))
        top, left = self._rng.integers(height - cut + 1), self._rng.integers(width - cut + 1)
        place = cv2.resize(background[top : top + cut, left : left + cut], (side, side))
        if self._rng.random() < 0.5:
            place = place[:, ::-1]
        return SceneCanvas(np.asarray(place, np.uint8), self._rng)

    def _scatter(self, canvas: SceneCanvas, side: int) -> None:
        rng = self._rng
        base = rng.uniform(0.12, 0.55)
        upright = rng.random() < 0.6
        for _ in range(rng.integers(1, 8)):
            height = np.clip(base * np.exp(rng.normal(0, 0.3)), 0.07, 0.8) * side
            turn = 6.0 if upright else 60.0
            centre = rng.uniform(0.05, 0.95, 2) * side
            canvas.paste(self._any(), PastePose(height, centre, 0.08, turn))

    def _shelf(self, canvas: SceneCanvas, side: int) -> None:
        """Paste rows of groups of the same product, on boards with price strips."""
        rng = self._rng
        if rng.random() < 0.7:
            canvas.image[:] = rng.uniform(10, 200, 3) + 0.25 * (canvas.image - 128)
        row_height = rng.uniform(0.18, 0.6) * side
        bottom = rng.uniform(0.4, 1.0) * row_height
        while bottom < side + 0.6 * row_height:
            self._row(canvas, side, bottom, row_height)
            thick = max(int(0.1 * row_height), 2)
            level = int(bottom)
            canvas.image[level : level + thick] = rng.uniform(60, 240, 3)
            bottom += row_height * rng.uniform(1.1, 1.35)

    def _row(self, canvas: SceneCanvas, side: int, bottom: float, row_height: float) -> None:
        rng = self._rng
        left = -rng.uniform(0, 0.3) * row_height
        while left < side:
            product = self._any()
            height = row_height * rng.uniform(0.6, 0.95)
            width = height * product.image.shape[1] / product.image.shape[0]
            for _ in range(rng.integers(1, 6)):
                if left > side or rng.random() < 0.06:
                    break
                centre = np.array([left + width / 2, bottom - height / 2])
                canvas.paste(product, PastePose(height, centre, 0.025, 1.5))
                left += width * rng.uniform(0.98, 1.12)
            left += rng.uniform(0, 0.25) * width


def make_package(
    print_: NDArray[np.uint8], other: NDArray[np.uint8], rng: np.random.Generator
) -> Subject:
    """Return a flat print as a package: a box with a darker side, a shaded can, or a card."""
    image = print_
    kind = rng.random()
    if kind < 0.4:
        height = len(print_)
        side = cv2.resize(other, (max(int(rng.uniform(0.15, 0.6) * print_.shape[1]), 4), height))
        image = np.hstack([print_, (side * rng.uniform(0.45, 0.85)).astype(np.uint8)])
    elif kind < 0.75:
        across = np.linspace(-1, 1, print_.shape[1])
        light = 0.35 + 0.65 * np.sqrt(np.clip(1 - (0.95 * across) ** 2, 0, 1))
        image = (print_ * light[None, :, None]).astype(np.uint8)
    height, width = image.shape[:2]
    mask = np.full((height, width), 255, np.uint8)
    return Subject(np.ascontiguousarray(image), mask, Box(0, 0, width, height))


def cut_window(
    image: NDArray[np.uint8],
    boxes: Sequence[Box],
    side: int,
    rng: np.random.Generator,
    turn: float = 0.0,
) -> Scene:
    """Return a labelled picture at another scale and position, maybe mirrored, padded to a square.

    Its shot is still to be taken.

    Args:
        image: (H, W, 3) uint8, RGB.
        boxes: in its pixels.
        side: of the square, in pixels.
        rng: of the draws.
        turn: degrees clockwise to turn the picture by. A product is taken to fill its box but for
            the corners, so its new box is an estimate unless the turn is a multiple of 90.
    """
    height, width = image.shape[:2]
    scale = side / max(height, width) * np.exp(rng.uniform(-0.5, 0.6))
    angle = np.deg2rad(turn)
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if rng.random() < 0.5:
        linear = linear @ np.diag([-1, 1])
    frame = Box.around(np.array([[0, 0], [width, 0], [width, height], [0, height]]) @ linear.T)
    space = np.array([side - frame.width, side - frame.height])
    shift = rng.uniform(0, 1, 2) * space - [frame.left, frame.top]
    matrix = np.column_stack([linear, shift])
    grey = (114, 114, 114)
    seen = cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_AREA, borderValue=grey)
    shot = draw_shot(_PHOTO_DEGRADATION, side, side, rng)
    cut = 0.0 if turn % 90 == 0 else _CORNER
    return Scene(np.asarray(seen, np.uint8), _moved_boxes(boxes, matrix, side, cut), shot)


def _moved_boxes(
    boxes: Sequence[Box], matrix: NDArray[np.float64], side: int, cut: float
) -> tuple[Box, ...]:
    """Move boxes whose corners are cut off by that share of their sides."""
    low, high = cut, 1 - cut
    octagon = np.array([[low, 0], [high, 0], [1, low], [1, high],
                        [high, 1], [low, 1], [0, high], [0, low]])  # fmt: skip
    found = []
    for box in boxes:
        outline = np.array([box.left, box.top]) + octagon * [box.width, box.height]
        moved = Box.around(outline @ matrix[:, :2].T + matrix[:, 2])
        seen = moved.clipped(side, side)
        if seen.area > VISIBLE * moved.area and min(seen.width, seen.height) >= SMALLEST:
            found.append(seen)
    return tuple(found)
