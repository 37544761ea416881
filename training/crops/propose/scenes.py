"""Pictures to learn from: labelled art, bottles, and composed galleries, streets and tables."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from training.augment.camera import Degradation, apply_shot, draw_shot
from training.crops.propose.hanging import HangingScene, draw_corners
from training.crops.propose.places import draw_front, draw_room
from training.crops.propose.stock import Stock
from training.crops.propose.target import OBJECT, PAINTING, Image, TargetPicture, warp_picture
from training.crops.propose.works import (
    Work,
    as_statue,
    as_work,
    cut_canvas,
    draw_mosaic,
    draw_mural,
    frame_canvas,
)

# Cumulative shares: labelled art, the same hung anew, bottles, galleries, streets; the rest are
# things on show. Of labelled pictures there are so few that a network soon knows each.
_ART: Final = 0.12
_HUNG_ANEW: Final = 0.42
_BOTTLES: Final = 0.48
_GALLERIES: Final = 0.62
_STREETS: Final = 0.88
_TAKEN_DOWN: Final = 0.6  # of a labelled picture's small works, when it is hung anew
_SMALL: Final = 0.06  # of the picture: behind larger works there is more than wall
# Share of pictures that are photographed with all that goes wrong, which takes longer than drawing.
_SHOT: Final = 0.4
# Real pictures were degraded once, when they were taken.
_REAL: Final = Degradation(0.4)
_COMPOSED: Final = Degradation(0.6)
# Of a moved picture: share of a target in view, and pixels of its shorter side.
_IN_VIEW: Final = 0.6
_SMALLEST: Final = 6.0


class SceneSampler:
    """A source of training pictures; not thread-safe, because of its random generator."""

    def __init__(self, stock: Stock, rng: np.random.Generator) -> None:
        self._stock = stock
        self._rng = rng

    def draw(self, side: int) -> TargetPicture:
        """Draw one picture of `side` pixels square."""
        kind = self._rng.random()
        if kind < _ART and self._stock.art:
            return self.move(self._any_of(self._stock.art), side)
        if kind < _HUNG_ANEW and self._stock.art:
            return self.hang_anew(self._any_of(self._stock.art), side)
        if kind < _BOTTLES:
            return self.move(self._any_of(self._stock.bottles), side)
        if kind < _GALLERIES:
            scene = self._gallery(side)
        elif kind < _STREETS:
            scene = self._street(side)
        else:
            scene = self._show(side)
        return TargetPicture(self._shoot(scene.image(), _COMPOSED), scene.targets())

    def _shoot(self, image: Image, degradation: Degradation) -> Image:
        """Photograph some pictures; of the others, only white balance and exposure differ."""
        rng = self._rng
        if rng.random() < _SHOT:
            height, width = image.shape[:2]
            return apply_shot(image, draw_shot(degradation, height, width, rng))
        gain = np.exp(rng.normal(0, 0.15) + rng.normal(0, 0.05, 3))
        levels = np.clip(np.arange(256)[:, None] * gain, 0, 255).astype(np.uint8)
        return np.asarray(cv2.LUT(image, levels[None]), np.uint8)

    def _any_of(self, pictures: tuple[TargetPicture, ...]) -> TargetPicture:
        return pictures[int(self._rng.integers(len(pictures)))]

    def move(self, picture: TargetPicture, side: int) -> TargetPicture:
        """Show a labelled picture at another scale and place, turned a little, maybe mirrored."""
        rng = self._rng
        height, width = picture.image.shape[:2]
        scale = side / max(height, width) * np.exp(rng.uniform(-0.35, 0.75))
        aspect = np.exp(rng.normal(0, 0.08))
        angle = np.deg2rad(rng.normal(0, 3))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        linear = turn @ np.diag([scale * aspect, scale / aspect])
        if rng.random() < 0.5:
            linear = linear @ np.diag([-1, 1])
        rim = np.array([[0, 0], [width, 0], [width, height], [0, height]]) @ linear.T
        low, high = rim.min(axis=0), rim.max(axis=0)
        shift = rng.uniform(0, 1, 2) * (side - (high - low)) - low
        matrix = np.hstack([linear, shift[:, None]])
        moved = warp_picture(picture, matrix, side, _IN_VIEW, _SMALLEST)
        return TargetPicture(self._shoot(moved.image, _REAL), moved.targets)

    def hang_anew(self, picture: TargetPicture, side: int) -> TargetPicture:
        """Show a labelled picture's place with other works than those that it is labelled with."""
        rng = self._rng
        moved = self.move(picture, side)
        scene = HangingScene(moved.image, rng)
        scene.keep(moved.targets)
        centres = []
        for target in moved.targets:
            if target.box.area < _SMALL * side * side and rng.random() < _TAKEN_DOWN:
                scene.take_down(target)
                box = target.box
                centres.append(np.array([box.left + box.right, box.top + box.bottom]) / 2)
        for _ in range(rng.integers(0, 4)):
            centre = rng.uniform(0.05, 0.95, 2) * side
            if centres and rng.random() < 0.3:
                centre = centres.pop()
            self._hang_street_work(scene, centre)
        return TargetPicture(scene.image(), scene.targets())

    def _gallery(self, side: int) -> HangingScene:
        """Hang a few framed paintings, with captions, glass and visitors."""
        rng = self._rng
        place = draw_room(side, rng) if rng.random() < 0.8 else draw_front(side, rng)
        scene = HangingScene(place, rng)
        size = rng.uniform(0.2, 0.85)
        tilt = rng.uniform(0, 0.7) if rng.random() < 0.6 else 0.08
        for _ in range(rng.integers(1, 5)):
            canvas = self._canvas()
            work = frame_canvas(canvas, rng)
            aspect = work.image.shape[1] / work.image.shape[0]
            height = size * side * np.exp(rng.normal(0, 0.2)) / max(aspect, 1) ** 0.7
            centre = rng.uniform(0.1, 0.9, 2) * side
            corners = draw_corners(centre, height, aspect, rng, tilt)
            if not scene.is_free(Box.around(corners)):
                continue
            if rng.random() < 0.3:
                self._caption(scene, Box.around(corners))
            scene.hang(work, corners, PAINTING)
            scene.reflect(self._photo())
        for _ in range(rng.integers(0, 3) if rng.random() < 0.45 else 0):
            scene.place_visitor(self._cloth())
        return scene

    def _street(self, side: int) -> HangingScene:
        """Put mosaics, murals and posters on house fronts and walls, most of them small."""
        rng = self._rng
        kind = rng.random()
        if kind < 0.55:
            place = draw_front(side, rng)
        elif kind < 0.75:
            place = draw_room(side, rng)
        else:
            place = cv2.resize(self._photo(), (side, side)).astype(np.uint8)
        scene = HangingScene(place, rng)
        for _ in range(rng.integers(1, 4) if rng.random() < 0.9 else 0):
            self._hang_street_work(scene, rng.uniform(0.08, 0.92, 2) * side)
        for _ in range(rng.integers(0, 3) if rng.random() < 0.3 else 0):
            scene.place_visitor(self._cloth())
        return scene

    def _hang_street_work(self, scene: HangingScene, centre: NDArray[np.float64]) -> None:
        """Hang a mosaic, a mural or a poster where it is free."""
        work = self._street_work()
        aspect = work.mask.shape[1] / work.mask.shape[0]
        height = scene.side * np.exp(self._rng.uniform(np.log(0.03), np.log(0.45)))
        corners = draw_corners(centre, height / max(aspect, 1.0), aspect, self._rng, 0.6)
        if scene.is_free(Box.around(corners)):
            scene.hang(work, corners, PAINTING)

    def _show(self, side: int) -> HangingScene:
        """Stand products and statues on pedestals, tables and floors."""
        rng = self._rng
        kind = rng.random()
        place = draw_room(side, rng) if kind < 0.6 else cv2.resize(self._photo(), (side, side))
        scene = HangingScene(np.asarray(place, np.uint8), rng)
        size = rng.uniform(0.15, 0.8)
        for _ in range(rng.integers(1, 4)):
            work = self._stock.things[int(rng.integers(len(self._stock.things)))]
            if rng.random() < 0.4:
                work = as_statue(work, rng)
            if rng.random() < 0.5:
                work = Work(
                    np.ascontiguousarray(work.image[:, ::-1]),
                    np.ascontiguousarray(work.mask[:, ::-1]),
                    False,
                )
            aspect = work.mask.shape[1] / work.mask.shape[0] * np.exp(rng.normal(0, 0.12))
            height = size * side * np.exp(rng.normal(0, 0.2)) / max(aspect, 1)
            centre = rng.uniform(0.1, 0.9, 2) * side
            corners = draw_corners(centre, height, aspect, rng, 0.25)
            box = Box.around(corners)
            if not scene.is_free(box):
                continue
            if rng.random() < 0.5:
                self._pedestal(scene, box)
            scene.hang(work, corners, OBJECT)
        for _ in range(rng.integers(0, 2)):
            scene.place_visitor(self._cloth())
        return scene

    def _canvas(self) -> Image:
        source = self._rng.random()
        if source < 0.45:
            return cut_canvas(self._stock.photos, self._rng)
        if source < 0.7:
            return cut_canvas(self._stock.clothes, self._rng)
        if source < 0.9 and self._stock.pieces:
            return cut_canvas(self._stock.pieces, self._rng)
        return draw_mural(self._rng).image

    def _street_work(self) -> Work:
        source = self._rng.random()
        if source < 0.4:
            return draw_mosaic(self._rng)
        if source < 0.65:
            return draw_mural(self._rng)
        if source < 0.85 and self._stock.pieces:
            pieces = self._stock.pieces
            return as_work(pieces[int(self._rng.integers(len(pieces)))])
        return as_work(self._canvas())

    def _photo(self) -> Image:
        return self._stock.photos[int(self._rng.integers(len(self._stock.photos)))]

    def _cloth(self) -> Image:
        return self._stock.clothes[int(self._rng.integers(len(self._stock.clothes)))]

    def _caption(self, scene: HangingScene, box: Box) -> None:
        """Hang a white card beside a painting: writing that is no art."""
        height = self._rng.uniform(0.06, 0.15) * box.height
        corner = np.array([box.right + 0.5 * height, box.bottom - 1.5 * height])
        card = np.array([[0, 0], [1.6, 0], [1.6, 1], [0, 1]]) * height + corner
        tone = self._rng.uniform(210, 255)
        scene.put_block(card, (tone, tone, tone))

    def _pedestal(self, scene: HangingScene, box: Box) -> None:
        wide = box.width * self._rng.uniform(0.5, 0.9)
        middle = (box.left + box.right) / 2
        level = box.bottom - 0.04 * box.height
        corners = np.array([[middle - wide, level], [middle + wide, level],
                            [middle + wide, scene.side], [middle - wide, scene.side]])  # fmt: skip
        tone = self._rng.uniform(60, 245) + self._rng.normal(0, 6, 3)
        scene.put_block(corners, tone.tolist())
