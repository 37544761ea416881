"""Hangs works in places: perspective, shadow, reflection, and visitors who stand before them."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from training.crops.propose.target import Corners, Image, MeantThing
from training.crops.propose.works import Work

# Share of a work that must show, and pixels of the shorter side, for it to be a target.
_VISIBLE: Final = 0.55
_SMALLEST: Final = 6.0
# Of works behind glass, and of those that throw a shadow.
_GLAZED: Final = 0.35
_SHADING: Final = 0.6
_FILLED_SIDE: Final = 96  # pixels of the picture in which a wall is filled in


class HangingScene:
    """A square picture in which works are hung; draws from the generator it is given."""

    def __init__(self, place: Image, rng: np.random.Generator) -> None:
        self._image: NDArray[np.float32] = place.astype(np.float32)
        self._owner = np.zeros(place.shape[:2], np.int32)
        self._hung: list[tuple[MeantThing, int]] = []
        self._rng = rng

    @property
    def side(self) -> int:
        """Pixels."""
        return len(self._image)

    def image(self) -> Image:
        """Return the picture as it is now."""
        return np.clip(self._image, 0, 255).astype(np.uint8)

    def targets(self) -> tuple[MeantThing, ...]:
        """Return the works that still show, clipped to the picture."""
        found = []
        for number, (target, pixels) in enumerate(self._hung, 1):
            box = target.box.clipped(self.side, self.side)
            shown = pixels > 0 and int((self._owner == number).sum()) > _VISIBLE * pixels
            inside = box.area > _VISIBLE * target.box.area
            if shown and inside and min(box.width, box.height) >= _SMALLEST:
                found.append(MeantThing(box, target.kind, target.corners))
        return tuple(found)

    def keep(self, targets: Sequence[MeantThing]) -> None:
        """Take in what the place shows already; of boxes that overlap, the smaller is in front."""
        first = len(self._hung) + 1
        ordered = sorted(targets, key=lambda target: -target.box.area)
        for number, target in enumerate(ordered, first):
            self._owner[_window(target.box)] = number
        for number, target in enumerate(ordered, first):
            self._hung.append((target, max(int((self._owner == number).sum()), 1)))

    def take_down(self, target: MeantThing) -> None:
        """Leave only wall where something that was kept is, as far as its surroundings tell."""
        # Without pixels it shows no more; its place in the list is its number in `_owner`.
        self._hung = [(other, 0 if other is target else count) for other, count in self._hung]
        box = target.box
        rim = 1 + 0.06 * max(box.width, box.height)
        wider = Box(box.left - rim, box.top - rim, box.right + rim, box.bottom + rim)
        mask = np.zeros(self._owner.shape, np.uint8)
        mask[_window(wider.clipped(self.side, self.side))] = 255
        scale = _FILLED_SIDE / self.side
        small = cv2.resize(self.image(), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        holes = cv2.resize(mask, small.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        holes = cv2.dilate(holes, np.ones((3, 3), np.uint8))
        filled = cv2.inpaint(small, holes, 3, cv2.INPAINT_TELEA).astype(np.float32)
        wall = cv2.resize(filled, (self.side, self.side), interpolation=cv2.INTER_LINEAR)
        grain = self._rng.normal(0, self._rng.uniform(0, 6), self._owner.shape)[..., None]
        soft = cv2.GaussianBlur(mask, (0, 0), 1.0).astype(np.float32)[..., None] / 255
        self._image += (wall + grain.astype(np.float32) - self._image) * soft

    def is_free(self, box: Box) -> bool:
        """Return whether nothing hangs there."""
        return all(
            box.intersection(target.box) < 0.02 * box.area
            for target, pixels in self._hung
            if pixels
        )

    def hang(self, work: Work, corners: Corners, kind: int) -> None:
        """Hang a work so that its picture's corners come to (4, 2) places, clockwise."""
        height, width = work.mask.shape
        rim = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        matrix = cv2.getPerspectiveTransform(rim, corners.astype(np.float32)).astype(np.float64)
        size = (self.side, self.side)
        blurry = cv2.INTER_AREA
        small = _shrunk(work, corners)
        scale = np.diag([width / small.mask.shape[1], height / small.mask.shape[0], 1])
        seen = cv2.warpPerspective(small.image, matrix @ scale, size, flags=blurry)
        alpha = np.asarray(cv2.warpPerspective(small.mask, matrix @ scale, size), np.uint8)
        if self._rng.random() < _SHADING:
            self._cast_shadow(alpha, Box.around(corners))
        levels = seen.astype(np.float32) * float(np.exp(self._rng.normal(0, 0.12)))
        share = (alpha.astype(np.float32) / 255)[..., None]
        self._image += (levels - self._image) * share
        pixels = int((alpha > 127).sum())
        self._owner[alpha > 127] = len(self._hung) + 1
        shape = corners if work.is_rectangular else _hull(work.mask, matrix)
        outside = self._share_outside(shape)
        target = MeantThing(Box.around(shape), kind, corners if work.is_rectangular else None)
        self._hung.append((target, max(int(pixels / max(1 - outside, 0.05)), 1)))

    def reflect(self, room: Image) -> None:
        """Let the glass before the last work show a piece of the room."""
        if not self._hung or self._rng.random() > _GLAZED:
            return
        mask = (self._owner == len(self._hung)).astype(np.float32)[..., None]
        mirrored = cv2.resize(room[:, ::-1], (self.side, self.side))
        blurred = cv2.GaussianBlur(mirrored, (0, 0), self._rng.uniform(1, 5)).astype(np.float32)
        self._image += mask * blurred * self._rng.uniform(0.08, 0.4)

    def place_visitor(self, cloth: Image) -> None:
        """Let somebody, drawn in the stuff of a garment, stand before the works."""
        rng, side = self._rng, self.side
        tall = rng.uniform(0.25, 0.9) * side
        foot = np.array([rng.uniform(0, 1) * side, rng.uniform(0.85, 1.3) * side])
        mask = np.zeros((side, side), np.uint8)
        _draw_person(mask, foot, tall, rng)
        stuff = cv2.resize(cloth, (side, side)).astype(np.float32) * rng.uniform(0.2, 0.9)
        head = int(foot[1] - 0.86 * tall)
        if head > 0:
            stuff[:head] = rng.uniform(40, 200) * np.array([1.0, 0.8, 0.7])
        soft = cv2.GaussianBlur(mask, (0, 0), 1.0).astype(np.float32)[..., None] / 255
        self._image += (stuff - self._image) * soft
        self._owner[mask > 127] = 0

    def put_block(self, corners: Corners, colour: Sequence[float]) -> None:
        """Draw a pedestal: a front with a darker flank."""
        front = corners.astype(np.int32)
        cv2.fillPoly(self._image, [front], tuple(colour), cv2.LINE_AA)
        across = np.array([self._rng.uniform(-0.3, 0.3) * np.ptp(corners[:, 0]), -4])
        flank = np.array([corners[1], corners[1] + across, corners[2] + across, corners[2]])
        dark = tuple(float(level) * 0.75 for level in colour)
        cv2.fillPoly(self._image, [flank.astype(np.int32)], dark, cv2.LINE_AA)

    def _cast_shadow(self, alpha: NDArray[np.uint8], box: Box) -> None:
        size = min(box.width, box.height)
        dx, dy = self._rng.normal(0, 0.03, 2) * size
        move = np.array([[1, 0, dx], [0, 1, abs(dy)]])
        shadow = cv2.warpAffine(alpha, move, (self.side, self.side))
        blur = max(int(self._rng.uniform(0.01, 0.08) * size), 1)
        soft = cv2.blur(shadow, (blur, blur)).astype(np.float32)[..., None] / 255
        self._image *= 1 - self._rng.uniform(0.15, 0.6) * soft

    def _share_outside(self, shape: Corners) -> float:
        box = Box.around(shape)
        return 1 - box.clipped(self.side, self.side).area / max(box.area, 1e-6)


def draw_corners(
    centre: NDArray[np.float64],
    height: float,
    aspect: float,
    rng: np.random.Generator,
    tilt: float = 0.0,
) -> Corners:
    """Return (4, 2) corners of an upright rectangle, turned in space by up to `tilt` radians.

    Args:
        centre: where, in pixels.
        height: pixels.
        aspect: width by height.
        rng: source of every random draw.
        tilt: largest turn about each axis; about the line of sight a third of it.
    """
    flat = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * np.array([aspect, 1]) / 2
    pitch, yaw = rng.uniform(-tilt, tilt, 2)
    roll = rng.normal(0, 0.25 * tilt)
    turned = flat @ np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    depth = np.sin(yaw) * turned[:, 0] + np.sin(pitch) * turned[:, 1]
    seen = turned * np.array([np.cos(yaw), np.cos(pitch)]) / (1 + 0.35 * depth[:, None])
    return np.asarray(seen * height + centre, np.float64)


def _window(box: Box) -> tuple[slice, slice]:
    return np.s_[int(box.top) : int(np.ceil(box.bottom)), int(box.left) : int(np.ceil(box.right))]


def _shrunk(work: Work, corners: Corners) -> Work:
    """Return the work with about as many pixels as it will have, so that it does not alias."""
    box = Box.around(corners)
    width, height = max(int(box.width), 4), max(int(box.height), 4)
    if width >= work.mask.shape[1] or height >= work.mask.shape[0]:
        return work
    image = cv2.resize(work.image, (width, height), interpolation=cv2.INTER_AREA)
    mask = cv2.resize(work.mask, (width, height), interpolation=cv2.INTER_AREA)
    return Work(np.asarray(image, np.uint8), np.asarray(mask, np.uint8), work.is_rectangular)


def _hull(mask: NDArray[np.uint8], matrix: NDArray[np.float64]) -> Corners:
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    points = cv2.convexHull(np.concatenate(contours)).astype(np.float64)
    return np.asarray(cv2.perspectiveTransform(points, matrix)[:, 0], np.float64)


def _draw_person(
    mask: NDArray[np.uint8], foot: NDArray[np.float64], tall: float, rng: np.random.Generator
) -> None:
    x, y = foot
    head = (int(x), int(y - 0.93 * tall))
    cv2.ellipse(mask, head, (int(0.05 * tall), int(0.07 * tall)), 0, 0, 360, 255, cv2.FILLED)
    wide = rng.uniform(0.09, 0.15) * tall
    body = np.array([[-0.5, -0.87], [0.5, -0.87], [1, -0.75], [0.9, -0.4], [0.7, 0], [-0.7, 0],
                     [-0.9, -0.4], [-1, -0.75]])  # fmt: skip
    shape = body * np.array([wide, tall]) + foot
    cv2.fillPoly(mask, [shape.astype(np.int32)], 255, cv2.LINE_AA)
