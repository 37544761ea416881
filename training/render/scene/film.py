"""Draws single frames of the film and says where every product is."""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.render.paint.arrays import as_float32, as_uint8
from training.render.paint.fonts import FontSet
from training.render.paint.food import leaf
from training.render.paint.solids import Solid
from training.render.scene import room, script
from training.render.scene.geometry import Body, Floats, PinholeCamera, Pose, body_of
from training.render.scene.hand import Hand, HandColours, draw_flat, hand_corners, make_hand
from training.render.scene.lens import Sensor, blurred, blurred_layer
from training.render.scene.light import Niche
from training.render.scene.path import Tremor
from training.render.scene.raster import Layer, draw_body, draw_plane, lay_over
from training.render.scene.truth import TrueSighting, TruthFrame

_SHUTTER = 0.30  # share of a frame's time in which the shutter is open
_COARSE = 4  # pixels per cell of the visibility map


@dataclass(frozen=True, slots=True, eq=False)
class _Standing:
    product_id: str
    instance: int
    body: Body
    niche: Niche
    middle: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _HeldProduct:
    product_id: str
    instance: int
    held: script.Held
    solid: Solid
    body: Body
    hand: Hand


class ShopFilm:
    """The whole film; frames may be drawn in any order and by several threads.

    Args:
        solids: packages by product id, at least those of the script.
        stranger_id: the id under which the truth lists the product that no catalog holds.
        stranger: its package.
        seed: of every shake, grain and shadow.
        fonts: for price tags.
        width: of the picture in pixels.
        height: of the picture in pixels; the view is made for 16:9.
    """

    def __init__(
        self,
        solids: Mapping[str, Solid],
        stranger_id: str,
        stranger: Solid,
        seed: int,
        fonts: FontSet,
        width: int,
        height: int,
    ) -> None:
        self.width, self.height = width, height
        self.frame_count = round(script.DURATION * script.FRAME_RATE)
        self._standing = _stand(solids)
        self._shown = _hold(solids, stranger_id, stranger, seed)
        prints = tuple(
            _footprint(solids, shelved, x) for shelved in script.SHELF for x in shelved.places
        )
        self._room = room.build_room(fonts, np.random.default_rng([seed, 1]), prints)
        self._things = room.things_on_the_counter(fonts, np.random.default_rng([seed, 2]))
        self._shake = Tremor(6, np.random.default_rng([seed, 3]))
        self._unrest = Tremor(6, np.random.default_rng([seed, 4]), 0.3, 3.5)
        self._drift = Tremor(2, np.random.default_rng([seed, 5]), 0.08, 0.5)
        self._sensor = Sensor(width, height, seed)
        self._passer = make_hand(
            0.3, HandColours((196, 140, 108), (120, 44, 52)), np.random.default_rng([seed, 6])
        )
        self._leaf = _soft_leaf()

    def draw(self, index: int) -> tuple[NDArray[np.uint8], TruthFrame]:
        """Draw one frame, (height, width, 3) RGB, with the truth about it."""
        time = index / script.FRAME_RATE
        view = _View(self._camera(time))
        self._draw_still(view, time)
        self._draw_passers(view, time)
        for shown in self._shown:
            if shown.held.start <= time <= shown.held.end:
                self._draw_shown(view, shown, time)
        gain, warmth = self._drift.at(time)
        picture = self._sensor.expose(view.picture, index, 1 + 0.09 * gain, 0.022 * warmth)
        return picture, TruthFrame(index, time, view.sightings())

    def _camera(self, time: float) -> PinholeCamera:
        x, y, z, look_x, look_y = script.CAMERA.at(time)
        shake = self._shake.at(time)
        position = np.array([x, y, z]) + shake[:3] * [0.0035, 0.0035, 0.003]
        ahead = np.array([look_x - x, look_y - y, 0.05 - z])
        yaw = np.arctan2(ahead[0], ahead[2]) + shake[3] * 0.006
        pitch = np.arctan2(-ahead[1], np.hypot(ahead[0], ahead[2])) + shake[4] * 0.006
        focal = 1150 / 1280 * self.width
        return PinholeCamera(
            Pose.at(position, yaw, pitch, shake[5] * 0.009), focal, self.width, self.height
        )

    def _movement(self, point: Floats, after: Floats, time: float) -> Floats:
        """Pixels that a world point travels while the shutter is open."""
        step = _SHUTTER / script.FRAME_RATE
        first, last = self._camera(time), self._camera(time + step)
        travelled: Floats = last.project(after) - first.project(point)
        return travelled

    def _draw_still(self, view: "_View", time: float) -> None:
        view.picture = self._background(view.camera)
        for thing in self._things:
            view.lay(draw_body(thing, view.camera, room.LIGHTING))
        order = np.argsort(
            [-float(view.camera.distance(standing.middle)) for standing in self._standing]
        )
        for standing in (self._standing[index] for index in order):
            layer = draw_body(standing.body, view.camera, room.LIGHTING, standing.niche)
            view.lay(layer)
            if layer is not None:
                view.note(
                    standing.product_id, standing.instance, standing.body.outline(view.camera)
                )
        for sheet in self._room.before:
            draw_plane(view.picture, sheet, view.camera)
            view.hide_polygon(view.camera.project(sheet.points.reshape(-1, 3)[[0, 1, 3, 2]]))
        ahead = view.camera.pose.apply(np.array([0.0, 0.0, 0.72]))
        view.picture = blurred(view.picture, self._movement(ahead, ahead, time))

    def _background(self, camera: PinholeCamera) -> NDArray[np.uint8]:
        """Wall and shelf, at half size first: they are out of focus anyway."""
        size = (self.width // 2, self.height // 2)
        half = PinholeCamera(camera.pose, camera.focal / 2, *size)
        small = np.zeros((size[1], size[0], 3), np.uint8)
        for sheet in self._room.behind:
            draw_plane(small, sheet, half)
        return as_uint8(cv2.resize(small, (self.width, self.height)))

    def _draw_passers(self, view: "_View", time: float) -> None:
        for x, y, z, size in script.LEAVES:
            middle = np.array([x, y, z])
            square = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]) * size / 2
            self._pass(view, self._leaf, square + middle, self._movement(middle, middle, time))
        start, end = script.REACH.span
        if start < time < end:
            step = _SHUTTER / script.FRAME_RATE
            grip, later = script.REACH.at(time), script.REACH.at(time + step)
            pose = Pose.at(grip, roll=-0.5)
            corners = hand_corners(self._passer, pose, 0.0, 0.0, 0.0)
            self._pass(view, self._passer.behind, corners, self._movement(grip, later, time))

    def _pass(
        self, view: "_View", picture: NDArray[np.uint8], corners: Floats, movement: Floats
    ) -> None:
        layer = draw_flat(picture, corners, view.camera)
        if layer is not None:
            layer = blurred_layer(layer, movement, self.width, self.height)
            view.lay(layer)
            view.hide(layer)

    def _draw_shown(self, view: "_View", shown: _HeldProduct, time: float) -> None:
        step = _SHUTTER / script.FRAME_RATE
        pose, later = self._pose(shown, time), self._pose(shown, time + step)
        movement = self._movement(pose.position, later.position, time)
        right, depth = shown.solid.width / 2, -shown.solid.depth / 2 - 0.004
        corners = hand_corners(shown.hand, pose, right, shown.solid.height * 0.24, depth)
        back = draw_flat(shown.hand.behind, corners, view.camera)
        view.lay(self._smeared(back, movement))
        body = shown.body.moved(pose)
        package = draw_body(body, view.camera, room.LIGHTING)
        if package is not None:
            shadow = draw_flat(_as_shade(shown.hand.shadow), corners, view.camera)
            view.lay(self._smeared(_darkened(package, shadow), movement))
            view.note(shown.product_id, shown.instance, body.outline(view.camera))
        front = self._smeared(draw_flat(shown.hand.before, corners, view.camera), movement)
        view.lay(front)
        if front is not None:
            view.hide(front)

    def _smeared(self, layer: Layer | None, movement: Floats) -> Layer | None:
        return layer and blurred_layer(layer, movement, self.width, self.height)

    def _pose(self, shown: _HeldProduct, time: float) -> Pose:
        held = shown.held
        share = (time - held.start) / (held.end - held.start)
        unrest = self._unrest.at(time)
        position = script.HELD_PATH.at(share) + unrest[:3] * [0.004, 0.004, 0.006]
        turn = [
            float(np.interp(share, (0.1, 0.5, 0.9), angles)) + 0.02 * float(extra)
            for angles, extra in zip((held.yaw, held.pitch, held.roll), unrest[3:], strict=True)
        ]
        return Pose.at(position, *turn)


class _View:
    """A frame being drawn, with the map of which product shows where."""

    def __init__(self, camera: PinholeCamera) -> None:
        self.camera = camera
        self.picture = np.zeros((camera.height, camera.width, 3), np.uint8)
        self._map = np.zeros((camera.height // _COARSE, camera.width // _COARSE), np.uint8)
        self._noted: list[tuple[str, int, NDArray[np.float32]]] = []

    def lay(self, layer: Layer | None) -> None:
        """Put a layer on top."""
        if layer is not None:
            lay_over(self.picture, layer)

    def note(self, product_id: str, instance: int, outline: NDArray[np.float32]) -> None:
        """Remember a product that was just laid on top."""
        self._noted.append((product_id, instance, outline))
        self._fill(outline, len(self._noted))

    def hide(self, layer: Layer) -> None:
        """Hide the products noted before behind a layer."""
        coarse = layer.alpha[::_COARSE, ::_COARSE] > 127
        top, left = layer.top // _COARSE, layer.left // _COARSE
        place = self._map[top : top + coarse.shape[0], left : left + coarse.shape[1]]
        place[coarse[: place.shape[0], : place.shape[1]]] = 0

    def hide_polygon(self, outline: Floats) -> None:
        """Hide the products noted before behind a polygon."""
        self._fill(outline.astype(np.float32), 0)

    def sightings(self) -> tuple[TrueSighting, ...]:
        """Return every noted product of which anything is left in the picture."""
        seen = []
        for number, (product_id, instance, outline) in enumerate(self._noted, start=1):
            shown = float((self._map == number).sum()) * _COARSE**2
            whole = float(cv2.contourArea(outline))
            if shown > 0 and whole > 0:
                simple = as_float32(cv2.approxPolyDP(outline.reshape(-1, 1, 2), 0.6, True)[:, 0])
                seen.append(TrueSighting(product_id, instance, simple, min(shown / whole, 1.0)))
        return tuple(seen)

    def _fill(self, outline: NDArray[np.float32], number: int) -> None:
        corners = np.round(outline / _COARSE * 16).astype(np.int32)
        cv2.fillPoly(self._map, [corners], number, cv2.LINE_8, 4)


def _stand(solids: Mapping[str, Solid]) -> tuple[_Standing, ...]:
    standing: list[_Standing] = []
    for shelved in script.SHELF:
        solid = solids[shelved.product_id]
        niche = room.UPPER if shelved.upper else room.LOWER
        for index, x in enumerate(shelved.places):
            place = np.array([x, niche.floor - solid.height / 2, 0.02 + solid.depth / 2])
            turn = shelved.turn + 0.05 * ((index * 7 + len(standing)) % 3 - 1)
            body = body_of(solid).moved(Pose.at(place, turn))
            standing.append(_Standing(shelved.product_id, len(standing), body, niche, place))
    return tuple(standing)


def _hold(
    solids: Mapping[str, Solid], stranger_id: str, stranger: Solid, seed: int
) -> tuple[_HeldProduct, ...]:
    shown = []
    for number, held in enumerate(script.HELD):
        solid = stranger if held.product_id is None else solids[held.product_id]
        rng = np.random.default_rng([seed, 10 + number])
        hand = make_hand(solid.width, HandColours(), rng)
        product_id = held.product_id or stranger_id
        shown.append(_HeldProduct(product_id, 100 + number, held, solid, body_of(solid), hand))
    return tuple(shown)


def _footprint(solids: Mapping[str, Solid], shelved: script.Shelved, x: float) -> room.Footprint:
    solid = solids[shelved.product_id]
    z = 0.02 + solid.depth / 2
    return room.Footprint(x, z, solid.width, solid.depth, solid.height, shelved.upper)


def _soft_leaf() -> NDArray[np.uint8]:
    """A leaf out of focus."""
    size = 220
    framed = np.zeros((size, size, 4), np.uint8)
    framed[..., :3] = (58, 112, 52)
    sharp = leaf(180)
    framed[20:200, 20:200] = np.where(sharp[..., 3:] > 0, sharp, framed[20:200, 20:200])
    matrix = cv2.getRotationMatrix2D((size / 2, size / 2), 62, 1.0)
    turned = cv2.warpAffine(framed, matrix, (size, size), borderValue=(58, 112, 52, 0))
    return as_uint8(cv2.GaussianBlur(turned, (0, 0), 7))


def _as_shade(strength: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.dstack([np.zeros((*strength.shape, 3), np.uint8), strength])


def _darkened(package: Layer, shadow: Layer | None) -> Layer:
    """A package with a shadow on it."""
    if shadow is None:
        return package
    colour = package.colour.copy()
    top, left = max(package.top, shadow.top), max(package.left, shadow.left)
    bottom = min(package.top + colour.shape[0], shadow.top + shadow.alpha.shape[0])
    right = min(package.left + colour.shape[1], shadow.left + shadow.alpha.shape[1])
    if bottom > top and right > left:
        alpha = shadow.alpha[
            top - shadow.top : bottom - shadow.top, left - shadow.left : right - shadow.left
        ]
        place = colour[
            top - package.top : bottom - package.top, left - package.left : right - package.left
        ]
        keep = cv2.cvtColor(cv2.bitwise_not(alpha), cv2.COLOR_GRAY2RGB)
        cv2.multiply(place, keep, dst=place, scale=1 / 255)
    return Layer(colour, package.alpha, package.left, package.top)
