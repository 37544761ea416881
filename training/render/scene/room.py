"""The place of the film: a wooden shelf on a plastered wall, then a tiled kitchen corner."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.render.paint.arrays import as_float32, as_uint8
from training.render.paint.canvas import Canvas, Colour
from training.render.paint.fonts import Face, FontSet
from training.render.paint.solids import Carton, Tin
from training.render.paint.sprites import noise
from training.render.scene.geometry import Body, Pose, Sheet, body_of, flat_sheet
from training.render.scene.light import Lamp, Lighting, Niche
from training.render.scene.raster import bake

Random = np.random.Generator

# Metres; x to the right, y down, z into the wall.
SHELF_LEFT, SHELF_RIGHT = -0.72, 0.72
LOWER_FLOOR, UPPER_FLOOR, ROOF = 0.0, -0.30, -0.52
SHELF_FRONT, SHELF_BACK = 0.0, 0.24
BOARD = 0.022
COUNTER_TOP = 0.10
COUNTER_LEFT, COUNTER_RIGHT = 0.80, 3.6
WALL = 0.245

LOWER = Niche(UPPER_FLOOR + BOARD, LOWER_FLOOR, SHELF_FRONT)
UPPER = Niche(ROOF + BOARD, UPPER_FLOOR, SHELF_FRONT)

LIGHTING = Lighting(
    ambient=0.46,
    lamps=(
        Lamp((-0.25, -1.05, -1.25), 0.80, 70.0),
        Lamp((1.80, -0.47, -1.30), 0.52, 150.0),
        Lamp((3.2, -0.9, -1.2), 0.45, 40.0),
    ),
)


@dataclass(frozen=True, slots=True, eq=False)
class Room:
    """The surfaces that stand still.

    Attributes:
        behind: sheets behind the products, far ones first, with their light baked in.
        before: sheets in front of the shelved products, lit the same way: the boards' edges.
    """

    behind: tuple[Sheet, ...]
    before: tuple[Sheet, ...]


@dataclass(frozen=True, slots=True)
class Footprint:
    """Where a product stands: metres, for the shadow around it.

    Attributes:
        x: its middle.
        z: its middle.
        width: left to right.
        depth: front to back.
        height: bottom to top.
        upper: on the upper board.
    """

    x: float
    z: float
    width: float
    depth: float
    height: float
    upper: bool


def build_room(fonts: FontSet, rng: Random, footprints: tuple[Footprint, ...]) -> Room:
    """Draw every still surface, with the products' shadows on boards and back wall."""
    wall = _upright(-2.2, -1.5, 5.0, 0.9, WALL, _wall(fonts, rng))
    counter = _lying(COUNTER_LEFT, COUNTER_RIGHT, COUNTER_TOP, -0.30, WALL, _stone(rng))
    apron = _upright(COUNTER_LEFT, COUNTER_TOP, COUNTER_RIGHT, 0.9, -0.30, _cupboards(fonts, rng))
    behind: list[tuple[Sheet, Niche | None]] = [(wall, None), (counter, None), (apron, None)]
    wood = _wood(1152, 200, (196, 152, 100), rng)
    for niche, upper in ((UPPER, True), (LOWER, False)):
        marks = tuple(mark for mark in footprints if mark.upper is upper)
        behind += [(sheet, niche) for sheet in _niche_sheets(niche, wood, marks, rng)]
    edges = tuple(bake(sheet, LIGHTING, None) for sheet in _edges(fonts, rng))
    return Room(tuple(bake(sheet, LIGHTING, niche) for sheet, niche in behind), edges)


def _niche_sheets(
    niche: Niche, wood: NDArray[np.uint8], marks: tuple[Footprint, ...], rng: Random
) -> list[Sheet]:
    top, bottom = niche.ceiling, niche.floor
    panel = _wood(1152, round((bottom - top) * 800), (226, 214, 190), rng)
    back = _upright(SHELF_LEFT, top, SHELF_RIGHT, bottom, SHELF_BACK, _cast(panel, niche, marks))
    board = _lying(SHELF_LEFT, SHELF_RIGHT, bottom, SHELF_FRONT, SHELF_BACK, _stood(wood, marks))
    ceiling = _hanging(SHELF_LEFT, SHELF_RIGHT, top, SHELF_FRONT, SHELF_BACK, wood // 2)
    side = _wood(220, round((bottom - top) * 800), (190, 146, 96), rng)
    return [back, board, ceiling, *_cheeks(top, bottom, side)]


def _cheeks(top: float, bottom: float, print_: NDArray[np.uint8]) -> list[Sheet]:
    left, right, near, far = SHELF_LEFT, SHELF_RIGHT, SHELF_FRONT, SHELF_BACK
    facing_right = np.array(
        [[left, top, near], [left, top, far], [left, bottom, far], [left, bottom, near]]
    )
    facing_left = np.array(
        [[right, top, far], [right, top, near], [right, bottom, near], [right, bottom, far]]
    )
    return [flat_sheet(facing_right, print_, 0.1), flat_sheet(facing_left, print_, 0.1)]


def _edges(fonts: FontSet, rng: Random) -> tuple[Sheet, ...]:
    sheets = []
    for height, priced in ((LOWER_FLOOR, True), (UPPER_FLOOR, True), (ROOF, False)):
        print_ = _board_edge(fonts, rng, priced)
        sheets.append(
            _upright(
                SHELF_LEFT - 0.02, height, SHELF_RIGHT + 0.02, height + BOARD * 1.6, -0.002, print_
            )
        )
    flank = np.rot90(_wood(600, 200, (170, 128, 84), rng)).copy()
    near, far = -0.004, WALL
    for x, left, right in ((SHELF_LEFT - 0.03, far, near), (SHELF_RIGHT + 0.03, near, far)):
        outer = np.array([(x, ROOF, left), (x, ROOF, right), (x, 0.34, right), (x, 0.34, left)])
        sheets.append(flat_sheet(outer, flank, 0.1))
    post = np.rot90(_wood(620, 30, (184, 140, 92), rng)).copy()
    for x in (SHELF_LEFT - 0.03, SHELF_RIGHT):
        sheets.append(_upright(x, ROOF - 0.01, x + 0.03, 0.34, -0.004, post))
    plinth = _wood(1152, 250, (176, 132, 86), rng)
    sheets.insert(0, _upright(SHELF_LEFT, LOWER_FLOOR + BOARD, SHELF_RIGHT, 0.34, -0.001, plinth))
    return tuple(sheets)


def _upright(
    left: float, top: float, right: float, bottom: float, z: float, print_: NDArray[np.uint8]
) -> Sheet:
    corners = np.array([[left, top, z], [right, top, z], [right, bottom, z], [left, bottom, z]])
    return flat_sheet(corners, print_, 0.05)


def _lying(
    left: float, right: float, y: float, near: float, far: float, print_: NDArray[np.uint8]
) -> Sheet:
    corners = np.array([[left, y, far], [right, y, far], [right, y, near], [left, y, near]])
    return flat_sheet(corners, print_, 0.25)


def _hanging(
    left: float, right: float, y: float, near: float, far: float, print_: NDArray[np.uint8]
) -> Sheet:
    corners = np.array([[left, y, near], [right, y, near], [right, y, far], [left, y, far]])
    return flat_sheet(corners, print_, 0.0)


def _wood(width: int, height: int, colour: Colour, rng: Random) -> NDArray[np.uint8]:
    """Straight-grained boards."""
    grain = cv2.resize(
        rng.uniform(-1, 1, (max(height // 2, 2), 6)).astype(np.float32),
        (width, height),
        interpolation=cv2.INTER_CUBIC,
    )
    fine = cv2.resize(
        rng.uniform(-1, 1, (height, max(width // 60, 2))).astype(np.float32), (width, height)
    )
    broad = noise((height, width), 90, rng)
    tone = 1 + 0.07 * grain + 0.045 * fine + 0.05 * broad
    return as_uint8(np.clip(np.asarray(colour, np.float32) * tone[..., None], 0, 255))


def _stood(wood: NDArray[np.uint8], marks: tuple[Footprint, ...]) -> NDArray[np.uint8]:
    """A board's top with the shadows of what stands on it (row 0 is the back)."""
    height, width = wood.shape[:2]
    shadow = np.zeros((height, width), np.float32)
    for mark in marks:
        left, right = _columns(mark.x - mark.width / 2, mark.x + mark.width / 2, width)
        back = (SHELF_BACK - mark.z - mark.depth / 2) / (SHELF_BACK - SHELF_FRONT) * height
        front = (SHELF_BACK - mark.z + mark.depth / 2) / (SHELF_BACK - SHELF_FRONT) * height
        cv2.rectangle(shadow, (left - 4, round(back) - 8), (right + 4, round(front) + 3), 1.0, -1)
    soft = 0.45 * cv2.GaussianBlur(shadow, (0, 0), 5) + 0.3 * cv2.GaussianBlur(shadow, (0, 0), 16)
    return as_uint8(wood * (1 - soft[..., None]))


def _cast(
    panel: NDArray[np.uint8], niche: Niche, marks: tuple[Footprint, ...]
) -> NDArray[np.uint8]:
    """A back panel with soft shadows to the lower right of the products."""
    height, width = panel.shape[:2]
    shadow = np.zeros((height, width), np.float32)
    for mark in marks:
        left, right = _columns(
            mark.x - mark.width / 2 + 0.02, mark.x + mark.width / 2 + 0.045, width
        )
        top = (
            (niche.floor - mark.height + 0.02 - niche.ceiling)
            / (niche.floor - niche.ceiling)
            * height
        )
        cv2.rectangle(shadow, (left, round(top)), (right, height), 0.55, -1)
    soft = cv2.GaussianBlur(shadow, (0, 0), 13)
    return as_uint8(panel * (1 - soft[..., None]))


def _columns(left: float, right: float, width: int) -> tuple[int, int]:
    scale = width / (SHELF_RIGHT - SHELF_LEFT)
    return round((left - SHELF_LEFT) * scale), round((right - SHELF_LEFT) * scale)


def _board_edge(fonts: FontSet, rng: Random, priced: bool) -> NDArray[np.uint8]:
    canvas = Canvas(1776, 42, (206, 162, 108), fonts)
    grain = _wood(1776, 42, (206, 162, 108), rng)
    canvas.paste(np.dstack([grain, np.full(grain.shape[:2], 255, np.uint8)]), (888, 21), (1776, 42))
    for x in np.arange(110, 1700, 190) if priced else ():
        left = float(x) + float(rng.uniform(-20, 20))
        canvas.rounded((left, 3, left + 74, 39), 4, (250, 248, 238), (120, 116, 104), 1)
        canvas.text(
            (left + 37, 16),
            f"{rng.integers(0, 9)}.{rng.integers(10, 99)}",
            Face.BOLD,
            19,
            (176, 30, 30),
        )
        canvas.text(
            (left + 37, 32),
            f"{rng.integers(1, 30)}.{rng.integers(10, 99)} / kg",
            Face.SANS,
            8,
            (60, 60, 60),
        )
    edge = canvas.finish().astype(np.float32)
    edge *= np.linspace(1.12, 0.78, 42)[:, None, None]
    return np.clip(edge, 0, 255).astype(np.uint8)


def _wall(fonts: FontSet, rng: Random) -> NDArray[np.uint8]:
    """Plaster behind the shelf, tiles behind the counter, 300 pixels per metre, out of focus."""
    canvas = Canvas(2160, 720, (198, 206, 200), fonts)
    canvas.gradient((206, 212, 206), (178, 188, 184))
    start = (COUNTER_LEFT + 2.2) * 300
    bottom = (COUNTER_TOP + 1.5) * 300
    canvas.polygon([(start, 110), (2160, 110), (2160, bottom), (start, bottom)], (96, 120, 112))
    _tiles(canvas, start, 110, bottom, rng)
    canvas.polygon([(start - 8, 96), (2160, 96), (2160, 112), (start - 8, 112)], (150, 112, 74))
    _hooks(canvas, start, rng)
    picture = canvas.finish().astype(np.float32)
    picture *= 1 + 0.035 * noise((720, 2160), 60, rng)[..., None]
    picture = as_float32(cv2.GaussianBlur(picture, (0, 0), 1.6))
    picture *= _light_pools()[..., None]
    return np.clip(picture, 0, 255).astype(np.uint8)


def _tiles(canvas: Canvas, left: float, top: float, bottom: float, rng: Random) -> None:
    wide, tall, gap = 45.0, 22.0, 1.8
    for row, y in enumerate(np.arange(top, bottom, tall)):
        for x in np.arange(left - (row % 2) * wide / 2, canvas.width, wide):
            tone = int(rng.integers(-7, 8))
            box = (
                max(float(x) + gap, left),
                float(y) + gap,
                float(x) + wide,
                min(float(y) + tall, bottom),
            )
            if box[2] - box[0] > 3 and box[3] - box[1] > 3:
                canvas.rounded(box, 1.5, (128 + tone, 160 + tone, 148 + tone))
                canvas.line(
                    [(box[0] + 2, box[1] + 2), (box[2] - 3, box[1] + 2)], (176, 204, 192), 1.4
                )


def _hooks(canvas: Canvas, start: float, rng: Random) -> None:
    """A rail with ladles and a towel."""
    canvas.line([(start + 30, 190), (start + 760, 190)], (96, 90, 84), 5)
    for index, x in enumerate(np.arange(start + 70, start + 740, 120)):
        drop = float(rng.uniform(95, 150))
        canvas.line([(float(x), 190), (float(x), 190 + drop)], (110, 104, 98), 6)
        if index % 3 == 1:
            corners = [
                (x - 34, 196),
                (x + 34, 196),
                (x + 30, 196 + drop * 1.5),
                (x - 30, 200 + drop * 1.5),
            ]
            canvas.polygon([(float(a), float(b)) for a, b in corners], (168, 86, 66))
        else:
            canvas.ellipse((float(x), 196 + drop), (19, 15), (120, 114, 108))


def _light_pools() -> NDArray[np.float32]:
    x, y = np.meshgrid(np.linspace(-2.2, 5.0, 2160), np.linspace(-1.5, 0.9, 720))
    light = 0.80 + 0.22 * np.exp(-(((x - 0.1) / 0.9) ** 2) - ((y + 0.5) / 0.7) ** 2)
    light += 0.24 * np.exp(-(((x - 1.9) / 0.7) ** 2) - ((y + 0.35) / 0.6) ** 2)
    beams = 1 / (1 + np.exp(-(np.sin((x * 0.9 + y * 0.6) * 7.5) - 0.55) * 9))
    return (light + 0.07 * beams).astype(np.float32)


def _stone(rng: Random) -> NDArray[np.uint8]:
    """A butcher-block counter."""
    planks = [
        _wood(1120, 44, (158 + int(tone), 106 + int(tone), 64), rng)
        for tone in rng.integers(-14, 14, 5)
    ]
    top = np.concatenate(planks)
    top[::44] //= 2
    return top


def _cupboards(fonts: FontSet, rng: Random) -> NDArray[np.uint8]:
    canvas = Canvas(840, 240, (92, 112, 110), fonts)
    canvas.polygon([(0, 0), (840, 0), (840, 12), (0, 12)], (120, 80, 48))
    for x in range(0, 840, 140):
        canvas.rounded((x + 6, 24, x + 134, 236), 4, (104, 126, 122), (70, 88, 86), 2)
        canvas.rounded((x + 20, 40, x + 120, 222), 3, None, (82, 102, 100), 2)
        canvas.ellipse((x + 112, 60), (5, 5), (196, 170, 110))
    picture = canvas.finish().astype(np.float32) * (
        1 + 0.03 * noise((240, 840), 40, rng)[..., None]
    )
    return np.clip(picture, 0, 255).astype(np.uint8)


def things_on_the_counter(fonts: FontSet, rng: Random) -> tuple[Body, ...]:
    """Draw plain kitchen things that are no products: jars and a board."""

    def plain(width: int, height: int, colour: Colour) -> NDArray[np.uint8]:
        return _wood(width, height, colour, rng)

    canvas = Canvas(60, 60, (150, 110, 70), fonts)
    jars = (
        (1.02, 0.10, 0.17, (206, 208, 204)),
        (1.16, 0.085, 0.12, (150, 176, 176)),
        (3.02, 0.11, 0.21, (176, 112, 84)),
    )
    bodies = []
    for x, width, height, colour in jars:
        tin = Tin(width, height, _glazed(colour, rng), canvas.finish(), 0.5)
        at = np.array([x, COUNTER_TOP - height / 2, 0.10])
        bodies.append(body_of(tin).moved(Pose.at(at)))
    block = Carton(
        0.30,
        0.24,
        0.02,
        plain(300, 240, (190, 140, 88)),
        plain(20, 240, (150, 106, 64)),
        plain(300, 20, (150, 106, 64)),
        0.1,
    )
    bodies.append(
        body_of(block).moved(Pose.at(np.array([2.68, COUNTER_TOP - 0.12, 0.19]), 0.0, 0.12))
    )
    return tuple(bodies)


def _glazed(colour: Colour, rng: Random) -> NDArray[np.uint8]:
    """Stoneware: speckled, with a bare foot."""
    ware = np.empty((160, 320, 3), np.float32)
    ware[:] = colour
    ware[128:] = (188, 164, 136)
    ware[124:128] *= 0.7
    ware *= 1 + 0.05 * noise((160, 320), 26, rng)[..., None]
    speckle = rng.random((160, 320)) < 0.006
    ware[cv2.dilate(speckle.astype(np.uint8), np.ones((2, 2), np.uint8)) > 0] *= 0.72
    return np.clip(ware, 0, 255).astype(np.uint8)
