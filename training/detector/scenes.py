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

# Share of a product that must show, and pixels of the shorter side, for its box to be labelled.
_VISIBLE: Final = 0.45
_SMALLEST: Final = 7.0
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


@dataclass(slots=True, eq=False)
class _Canvas:
    """A picture being composed; `owner` numbers, from 1, the product in front per pixel."""

    image: NDArray[np.float32]
    owner: NDArray[np.int32]
    placed: list[tuple[Box, int]]


class SceneComposer:
    """A composer of scenes from cut-outs and backgrounds; not thread-safe (random generator)."""

    def __init__(
        self,
        products: Sequence[Subject],
        backgrounds: Sequence[NDArray[np.uint8]],
        rng: np.random.Generator,
    ) -> None:
        self._products = products
        self._backgrounds = backgrounds
        self._rng = rng

    def scene(self, side: int) -> Scene:
        """Compose a (side, side) scene with none to about forty products."""
        return self.undegraded_scene(side).take_shot()

    def undegraded_scene(self, side: int) -> Scene:
        """Compose a (side, side) scene whose shot is still to be taken."""
        canvas = self._empty(side)
        kind = self._rng.random()
        if kind < 0.08:
            pass  # a background without a product is a lesson too
        elif kind < 0.5:
            self._scatter(canvas, side)
        elif kind < 0.65:
            self._paste(canvas, self._any(), self._rng.uniform(0.5, 0.95) * side,
                        self._rng.uniform(0.35, 0.65, 2) * side, tilt=0.1, turn=14)  # fmt: skip
        else:
            self._shelf(canvas, side)
        image = np.clip(canvas.image, 0, 255).astype(np.uint8)
        shot = draw_shot(_COMPOSED_DEGRADATION, side, side, self._rng)
        return Scene(image, _visible_boxes(canvas), shot)

    def _any(self) -> Subject:
        return self._products[int(self._rng.integers(len(self._products)))]

    def _empty(self, side: int) -> _Canvas:
        background = self._backgrounds[int(self._rng.integers(len(self._backgrounds)))]
        height, width = background.shape[:2]
        cut = int(self._rng.uniform(0.45, 1.0) * min(height, width))
        top, left = self._rng.integers(height - cut + 1), self._rng.integers(width - cut + 1)
        place = cv2.resize(background[top : top + cut, left : left + cut], (side, side))
        if self._rng.random() < 0.5:
            place = place[:, ::-1]
        return _Canvas(place.astype(np.float32), np.zeros((side, side), np.int32), [])

    def _scatter(self, canvas: _Canvas, side: int) -> None:
        rng = self._rng
        base = rng.uniform(0.12, 0.55)
        upright = rng.random() < 0.6
        for _ in range(rng.integers(1, 8)):
            height = np.clip(base * np.exp(rng.normal(0, 0.3)), 0.07, 0.8) * side
            turn = 6.0 if upright else 60.0
            self._paste(canvas, self._any(), height, rng.uniform(0.05, 0.95, 2) * side, 0.08, turn)

    def _shelf(self, canvas: _Canvas, side: int) -> None:
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

    def _row(self, canvas: _Canvas, side: int, bottom: float, row_height: float) -> None:
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
                self._paste(canvas, product, height, centre, 0.025, 1.5)
                left += width * rng.uniform(0.98, 1.12)
            left += rng.uniform(0, 0.25) * width

    def _paste(
        self,
        canvas: _Canvas,
        product: Subject,
        height: float,
        centre: NDArray[np.float64],
        tilt: float,
        turn: float,
    ) -> None:
        """Paste one product with its own light and a soft shadow below it."""
        rng = self._rng
        side = len(canvas.image)
        rows, columns = product.image.shape[:2]
        corners = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float64)
        shape = (corners - [columns / 2, rows / 2]) * (height / rows)
        shape = shape + rng.uniform(-tilt, tilt, (4, 2)) * height
        angle = np.deg2rad(rng.normal(0, turn))
        rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        target = shape @ rotation.T + centre
        full = Box.around(target)
        margin = 0.2 * height
        left, top = max(int(full.left - margin), 0), max(int(full.top - margin), 0)
        right = min(int(full.right + margin) + 1, side)
        bottom = min(int(full.bottom + margin) + 1, side)
        number = len(canvas.placed) + 1
        if right <= left or bottom <= top:
            return
        local = (target - np.array([left, top])).astype(np.float32)
        source = corners.astype(np.float32)
        homography = cv2.getPerspectiveTransform(source, local).astype(np.float64)
        size = (right - left, bottom - top)
        alpha = np.asarray(cv2.warpPerspective(_mask(product), homography, size), np.uint8)
        seen = cv2.warpPerspective(product.image, homography, size).astype(np.float32)
        window = np.s_[top:bottom, left:right]
        self._cast_shadow(canvas.image[window], alpha, height)
        share = (alpha.astype(np.float32) / 255)[..., None]
        canvas.image[window] += (seen * np.exp(rng.normal(0, 0.15)) - canvas.image[window]) * share
        canvas.owner[window][alpha > 127] = number
        outline = _mask_points(product, homography) + np.array([left, top])
        canvas.placed.append((Box.around(outline), int((alpha > 127).sum())))

    def _cast_shadow(
        self, behind: NDArray[np.float32], alpha: NDArray[np.uint8], height: float
    ) -> None:
        """Darken, in place, the picture behind a product."""
        if self._rng.random() < 0.5:
            return
        dx, dy = self._rng.normal(0, 0.05, 2) * height
        move = np.array([[1, 0, dx], [0, 1, abs(dy)]])
        shadow = cv2.warpAffine(alpha, move, alpha.shape[::-1])
        shadow = cv2.blur(shadow, (max(int(0.08 * height), 1),) * 2).astype(np.float32)
        behind *= 1 - self._rng.uniform(0.15, 0.5) * shadow[..., None] / 255


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
    image: NDArray[np.uint8], boxes: Sequence[Box], side: int, rng: np.random.Generator
) -> Scene:
    """Return a labelled picture at another scale and position, maybe mirrored, padded to a square.

    Its shot is still to be taken.
    """
    height, width = image.shape[:2]
    scale = side / max(height, width) * np.exp(rng.uniform(-0.5, 0.6))
    shift = rng.uniform(0, 1, 2) * (np.array([side, side]) - scale * np.array([width, height]))
    mirror = rng.random() < 0.5
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    if mirror:
        matrix[0] = [-scale, 0, shift[0] + scale * width]
    grey = (114, 114, 114)
    seen = cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_AREA, borderValue=grey)
    shot = draw_shot(_PHOTO_DEGRADATION, side, side, rng)
    return Scene(np.asarray(seen, np.uint8), _moved_boxes(boxes, matrix, side), shot)


def _moved_boxes(boxes: Sequence[Box], matrix: NDArray[np.float64], side: int) -> tuple[Box, ...]:
    found = []
    for box in boxes:
        corners = np.array([[box.left, box.top], [box.right, box.bottom]])
        moved = Box.around(corners @ matrix[:, :2].T + matrix[:, 2])
        seen = moved.clipped(side, side)
        if seen.area > _VISIBLE * moved.area and min(seen.width, seen.height) >= _SMALLEST:
            found.append(seen)
    return tuple(found)


def _mask(product: Subject) -> NDArray[np.uint8]:
    if product.mask is None:
        raise ValueError("only a cut-out product can be pasted, this one has no mask")
    return product.mask


def _mask_points(product: Subject, homography: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the product's hull in the scene's pixels."""
    contours, _ = cv2.findContours(_mask(product), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = cv2.convexHull(np.concatenate(contours)).astype(np.float32)
    return cv2.perspectiveTransform(hull, homography)[:, 0].astype(np.float64)


def _visible_boxes(canvas: _Canvas) -> tuple[Box, ...]:
    """Return boxes of products of which enough is in the picture and not covered."""
    side = len(canvas.image)
    seen = np.bincount(canvas.owner.ravel(), minlength=len(canvas.placed) + 1)
    found = []
    for number, (box, area) in enumerate(canvas.placed, start=1):
        inside = box.clipped(side, side)
        shown = min(seen[number] / max(area, 1), inside.area / max(box.area, 1e-6))
        if shown > _VISIBLE and min(inside.width, inside.height) >= _SMALLEST:
            found.append(inside)
    return tuple(found)
