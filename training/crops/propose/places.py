"""Drawn places where art hangs and stands: rooms with plain or rough walls, and house fronts."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from training.crops.propose.target import Image

Levels = NDArray[np.float32]

# Shares of walls that have bricks, boards or stains instead of plain paint.
_ROUGH: Final = 0.5


def draw_room(side: int, rng: np.random.Generator) -> Image:
    """Draw a wall of a room, mostly with a floor, (side, side, 3)."""
    room = _paint(side, rng)
    if rng.random() < _ROUGH:
        room = _roughen(room, rng)
    room *= _light(side, rng)
    if rng.random() < 0.6:
        _lay_floor(room, side, rng)
    return _as_image(room)


def draw_front(side: int, rng: np.random.Generator) -> Image:
    """Draw a house front with windows, doors, plates, signs and sky, (side, side, 3)."""
    front = _roughen(_paint(side, rng), rng) * _light(side, rng)
    image = _as_image(front)
    pitch = np.array([rng.uniform(0.16, 0.5), rng.uniform(0.22, 0.6)]) * side
    window = pitch * rng.uniform(0.35, 0.75, 2)
    across, down = window.tolist()
    start = rng.uniform(-0.5, 0.5, 2) * pitch
    style = rng.integers(1 << 30)
    for top in np.arange(start[1], side, pitch[1]):
        for left in np.arange(start[0], side, pitch[0]):
            if rng.random() < 0.8:
                _draw_window(image, left, top, (across, down), np.random.default_rng(style))
    for _ in range(rng.integers(0, 5)):
        _draw_plate(image, side, rng)
    for _ in range(rng.integers(0, 3)):
        _draw_sign(image, side, rng)
    if rng.random() < 0.5:
        _draw_shop(image, side, rng)
    return _seen_from_below(image, side, rng)


def _paint(side: int, rng: np.random.Generator) -> Levels:
    """Return a nearly plain colour: most walls are light and dull."""
    tone = rng.uniform(90, 240) if rng.random() < 0.75 else rng.uniform(20, 120)
    colour = tone + rng.normal(0, 10, 3)
    if rng.random() < 0.2:
        colour = rng.uniform(20, 235, 3)
    return np.asarray(np.ones((side, side, 1)) * colour, np.float32)


def _roughen(wall: Levels, rng: np.random.Generator) -> Levels:
    """Add blotches of several sizes and, on some, the joints of bricks or panels."""
    side = len(wall)
    for cells in (4, 12, 48, 160):
        spots = rng.normal(0, rng.uniform(0, 9), (cells, cells, 1)).astype(np.float32)
        wall = wall + cv2.resize(spots, (side, side), interpolation=cv2.INTER_CUBIC)[..., None]
    if rng.random() < 0.4:
        height = rng.uniform(0.015, 0.12) * side
        depth, width = rng.uniform(-45, 25), height * rng.uniform(1, 4)
        for row, top in enumerate(np.arange(0, side, height)):
            wall[int(top) : int(top) + 1] += depth
            for left in np.arange((row % 2) * width / 2, side, width):
                rows, column = slice(int(top), int(top + height)), int(left)
                wall[rows, column : column + 1] += depth
                wall[rows, column : int(left + width)] += rng.normal(0, 5)
    return wall


def _light(side: int, rng: np.random.Generator) -> Levels:
    """Return factors of a light that falls off to one side, perhaps with a spot."""
    y, x = np.mgrid[:side, :side].astype(np.float32) / side
    angle = rng.uniform(0, 2 * np.pi)
    light = 1 + rng.uniform(0, 0.35) * (np.cos(angle) * (x - 0.5) + np.sin(angle) * (y - 0.5))
    if rng.random() < 0.3:
        spot = rng.uniform(0.2, 0.8, 2)
        distance = (x - spot[0]) ** 2 + (y - spot[1]) ** 2
        light = light * (0.6 + 0.6 * np.exp(-distance / rng.uniform(0.02, 0.2)))
    return np.asarray(light[..., None], np.float32)


def _lay_floor(room: Levels, side: int, rng: np.random.Generator) -> None:
    level = int(rng.uniform(0.62, 0.97) * side)
    colour = rng.uniform(30, 200) + rng.normal(0, 15, 3)
    slope = rng.normal(0, 0.06)
    y, x = np.mgrid[:side, :side]
    below = y > level + slope * (x - side / 2)
    fade = 1 - 0.3 * (y - level) / max(side - level, 1)
    room[below] = (colour * fade[..., None])[below]
    skirting = (y <= level + slope * (x - side / 2)) & (y > level + slope * (x - side / 2) - 6)
    if rng.random() < 0.5:
        room[skirting] *= rng.uniform(0.6, 1.3)


def _draw_window(
    image: Image,
    left: float,
    top: float,
    size: tuple[float, float],
    rng: np.random.Generator,
) -> None:
    """Draw one window of (width, height) pixels, perhaps with shutters and a railing."""
    width, height = size
    near, far = (int(left), int(top)), (int(left + width), int(top + height))
    frame = (rng.uniform(120, 255) + rng.normal(0, 8, 3)).clip(0, 255).tolist()
    pane = (rng.uniform(10, 150) + rng.normal(0, 15, 3)).clip(0, 255).tolist()
    thick = max(int(0.06 * width), 1)
    cv2.rectangle(image, near, far, pane, cv2.FILLED)
    cv2.rectangle(image, near, far, frame, thick)
    for part in range(1, int(rng.integers(1, 4))):
        x = int(left + part * width / 2)
        cv2.line(image, (x, near[1]), (x, far[1]), frame, thick)
    for part in range(1, int(rng.integers(1, 4))):
        y = int(top + part * height / 3)
        cv2.line(image, (near[0], y), (far[0], y), frame, thick)
    if rng.random() < 0.4:
        shutter = rng.uniform(30, 240, 3).tolist()
        for edge in (left - width / 2, left + width):
            ends = (int(edge), near[1]), (int(edge + width / 2), far[1])
            cv2.rectangle(image, *ends, shutter, cv2.FILLED)
    if rng.random() < 0.4:
        for bar in np.arange(left, left + width, max(width / 9, 2)):
            upper = (int(bar), int(top + 0.7 * height))
            cv2.line(image, upper, (int(bar), far[1]), (25, 25, 25), 1)


def _draw_plate(image: Image, side: int, rng: np.random.Generator) -> None:
    """Draw a street's name, a house number or a sign: writing that is no art."""
    left, top = rng.uniform(0, 0.9, 2) * side
    width, height = rng.uniform(0.04, 0.22) * side, rng.uniform(0.03, 0.1) * side
    ground = (25, 45, 120) if rng.random() < 0.6 else tuple(rng.uniform(20, 250, 3).tolist())
    cv2.rectangle(image, (int(left), int(top)), (int(left + width), int(top + height)), ground, -1)
    word = "".join(rng.choice(list("AEIORSTNLMCDU"), rng.integers(2, 8)))
    size = height / 60
    ink = (235, 235, 235) if sum(ground) < 380 else (20, 20, 20)
    rim = (30, 90, 50) if rng.random() < 0.5 else ink
    cv2.rectangle(image, (int(left), int(top)), (int(left + width), int(top + height)), rim, 1)
    cv2.putText(image, word, (int(left + 3), int(top + 0.7 * height)), 0, size, ink, 1, cv2.LINE_AA)


def _draw_sign(image: Image, side: int, rng: np.random.Generator) -> None:
    """Draw a traffic sign or a lamp, which are as bright and as round as a work of art."""
    x, y = (int(place) for place in rng.uniform(0.05, 0.95, 2) * side)
    radius = int(rng.uniform(0.012, 0.06) * side) + 2
    if rng.random() < 0.6:
        rim, ground = ((190, 30, 40), (40, 60, 150)) if rng.random() < 0.6 else ((190, 30, 40),) * 2
        cv2.line(image, (x, y), (x, side), (90, 90, 90), max(radius // 6, 1))
        cv2.circle(image, (x, y), radius, rim, cv2.FILLED, cv2.LINE_AA)
        cv2.circle(image, (x, y), int(0.75 * radius), ground, cv2.FILLED, cv2.LINE_AA)
        across = int(0.55 * radius)
        ends = ((x - across, y - across), (x + across, y + across))
        cv2.line(image, *ends, rim if rim != ground else (240, 240, 240), max(radius // 4, 1))
        return
    box = ((x - radius // 2, y - radius), (x + radius // 2, y + radius))
    cv2.rectangle(image, *box, (30, 30, 32), max(radius // 5, 1))
    cv2.rectangle(image, (box[0][0] + 1, y), (box[1][0] - 1, y + radius // 2), (225, 215, 180), -1)


def _draw_shop(image: Image, side: int, rng: np.random.Generator) -> None:
    level = int(rng.uniform(0.55, 0.9) * side)
    colour = rng.uniform(5, 160, 3)
    image[level:] = np.clip(colour, 0, 255)
    for left in np.arange(0, side, rng.uniform(0.15, 0.4) * side):
        _draw_window(image, left, level + 0.12 * side, (0.12 * side, side), rng)
    word = "".join(rng.choice(list("AEIORSTNLMCDU"), rng.integers(4, 12)))
    place = (int(rng.uniform(0, 0.5) * side), level + int(0.08 * side))
    cv2.putText(image, word, place, 0, side / 400, rng.uniform(150, 255, 3).tolist(), 2)


def _seen_from_below(image: Image, side: int, rng: np.random.Generator) -> Image:
    """Tilt the front and put sky or street where it ends."""
    corners = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32)
    moved = corners + rng.uniform(-0.18, 0.18, (4, 2)).astype(np.float32) * side
    if rng.random() < 0.6:  # otherwise the front fills the picture
        moved = (moved - side / 2) * 1.35 + side / 2
    matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    seen = cv2.warpPerspective(image, matrix, (side, side), flags=cv2.INTER_AREA)
    cover = cv2.warpPerspective(np.full((side, side), 255, np.uint8), matrix, (side, side))
    blue = rng.uniform(120, 250) + np.array([-30, -5, 15]) * rng.uniform(0, 2)
    fade = np.linspace(0.85, 1.05, side)[:, None, None] * np.ones((1, side, 1))
    sky = np.clip(blue * fade, 0, 255)
    return np.where(cover[..., None] > 127, seen, sky).astype(np.uint8)


def _as_image(levels: Levels) -> Image:
    return np.clip(levels, 0, 255).astype(np.uint8)
