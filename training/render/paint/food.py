"""Fruit, leaves, beans, biscuits and other things that packaging shows."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from training.render.paint.arrays import as_float32, as_uint8
from training.render.paint.canvas import Colour
from training.render.paint.sprites import (
    Plane,
    Sprite,
    closed_curve,
    flat,
    inflate,
    noise,
    over,
    polygon_mask,
    turned,
    with_alpha,
)

Random = np.random.Generator
Angles = NDArray[np.float64]


def leaf(size: int, colour: Colour = (70, 140, 50)) -> Sprite:
    """Draw a pointed leaf lying from left to right, with its veins."""
    along = np.linspace(0, 1, 40)
    bulge = np.sin(along * np.pi) ** 0.8 * 0.26 * size
    x = along * size * 0.96 + size * 0.02
    outline = np.concatenate(
        [np.stack([x, size / 2 - bulge], 1), np.stack([x, size / 2 + bulge], 1)[::-1]]
    )
    bump = np.zeros((size, size), np.float32)
    for start in np.linspace(0.08, 0.8, 7):
        for side in (-1, 1):
            end = (round(size * (start + 0.16)), round(size * (0.5 + side * 0.22)))
            cv2.line(bump, (round(size * start), size // 2), end, -1.2, 1, cv2.LINE_AA)
    cv2.line(bump, (0, size // 2), (size, size // 2), -3.0, max(size // 40, 1), cv2.LINE_AA)
    return inflate(polygon_mask(size, size, outline), colour, puff=0.4, gloss=0.25, bump=bump)


def citrus(size: int, colour: Colour, rng: Random) -> Sprite:
    """Draw a whole orange or lemon with a pored peel."""
    mask = closed_curve(size, lambda a: 0.96 + 0 * a)
    pores = noise((size, size), max(size / 60, 2), rng) * 0.5
    fruit = inflate(mask, colour, gloss=0.45, bump=pores)
    navel = inflate(_spot(size, (0.5, 0.13), 0.05), (60, 110, 40), puff=0.8, gloss=0.1)
    return over(fruit, [navel])


def citrus_slice(size: int, rind: Colour, flesh: Colour, rng: Random) -> Sprite:
    """Draw a cut orange: rind, pith and juicy segments."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / (size / 2) - 1
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    cells = np.abs(((angle / (2 * np.pi) * 10) % 1) - 0.5) * 2
    juicy = (radius < 0.8) & (radius > 0.1) & (cells * radius < radius - 0.09)
    fibres = noise((size, size), max(size / 45, 2), rng)
    colour = np.empty((size, size, 3), np.float32)
    colour[:] = np.where((radius > 0.9)[..., None], rind, (250, 238, 205))
    pulp = np.asarray(flesh, np.float32) * (1 + 0.13 * fibres[..., None]) + 18 * radius[..., None]
    blend = cv2.GaussianBlur(juicy.astype(np.float32), (0, 0), size / 160 + 0.3)[..., None]
    colour = colour * (1 - blend) + pulp * blend
    mask = closed_curve(size, lambda a: 0.97 + 0 * a)
    return inflate(mask, colour, puff=0.12, gloss=0.2, bump=fibres * 0.4)


def apple(size: int, colour: Colour, blush: Colour, rng: Random) -> Sprite:
    """Draw an apple with a blush, freckles, stem and leaf."""

    def dented(angle: Angles) -> Angles:
        dip = np.exp(-(((angle - 1.5 * np.pi) / 0.36) ** 2))
        return 0.86 - 0.17 * dip + 0.05 * np.cos(2 * angle)

    mask = closed_curve(size, dented)
    x = np.linspace(0, 1, size, dtype=np.float32)[None, :]
    share = np.clip(x * 1.5 - 0.35 + 0.35 * noise((size, size), size / 9, rng), 0, 1)[..., None]
    skin = np.asarray(colour, np.float32) * (1 - share) + np.asarray(blush, np.float32) * share
    freckles = np.clip(noise((size, size), max(size / 50, 2), rng) - 0.82, 0, 1) * 3
    fruit = inflate(mask, skin + 60 * freckles[..., None], gloss=0.65)
    stem = np.zeros((size, size), np.float32)
    start, end = (size // 2, round(size * 0.2)), (round(size * 0.57), round(size * 0.03))
    cv2.line(stem, start, end, 1.0, max(size // 28, 2), cv2.LINE_AA)
    return over(fruit, [inflate(stem, (95, 62, 30), gloss=0.1)])


def strawberry(size: int, rng: Random) -> Sprite:
    """Draw a strawberry with seeds and its green crown."""
    angles = np.linspace(0, 2 * np.pi, 120)
    x = 0.5 + 0.40 * np.sin(angles) * (1 - 0.16 * np.cos(angles))
    y = 0.55 - 0.40 * np.cos(angles) - 0.05 * np.cos(2 * angles)
    wide = np.where(y > 0.55, 1 - 0.75 * (y - 0.55), 1.0)
    outline = np.stack([0.5 + (x - 0.5) * wide, y], axis=1) * size
    mask = polygon_mask(size, size, outline)
    seeds, pits = _seeds(size, mask, rng)
    body = np.empty((size, size, 3), np.float32)
    body[:] = (214, 28, 40)
    body += 18 * noise((size, size), size / 8, rng)[..., None]
    body = body * (1 - seeds[..., None]) + np.array((245, 205, 95), np.float32) * seeds[..., None]
    fruit = inflate(mask, body, gloss=0.7, bump=as_float32(pits * (-size / 45)))
    crown = _crown(size, (0.5, 0.17), 0.25, 7)
    return over(fruit, [inflate(crown, (78, 150, 52), puff=0.8, gloss=0.2)])


def blueberry(size: int, rng: Random) -> Sprite:
    """Draw a blueberry with bloom and its little crown."""
    mask = closed_curve(size, lambda a: 0.94 + 0 * a)
    bloom = 0.5 + 0.5 * noise((size, size), size / 5, rng)
    colour = np.array((46, 62, 128), np.float32) + bloom[..., None] * np.array((46, 48, 52))
    fruit = inflate(mask, colour.astype(np.float32), gloss=0.3)
    ring = inflate(_crown(size, (0.56, 0.36), 0.23, 5), (38, 46, 92), puff=1.2, gloss=0.3)
    hole = flat(_spot(size, (0.56, 0.36), 0.11), (20, 22, 48))
    return over(fruit, [ring, hole])


def tomato(size: int, rng: Random) -> Sprite:
    """Draw a tomato on its vine."""
    mask = closed_curve(size, lambda a: 0.90 + 0.05 * np.cos(2 * a) + 0.02 * np.cos(5 * a))
    colour = (
        np.array((205, 38, 24), np.float32) + 14 * noise((size, size), size / 4, rng)[..., None]
    )
    fruit = inflate(mask, colour.astype(np.float32), gloss=0.75)
    star = inflate(_crown(size, (0.52, 0.2), 0.3, 6), (66, 128, 44), puff=0.9, gloss=0.2)
    return over(fruit, [star])


def bean(size: int, colour: Colour, rng: Random) -> Sprite:
    """Draw a kidney-shaped bean."""

    def kidney(angle: Angles) -> Angles:
        dip = np.exp(-(((angle - np.pi / 2) / 0.5) ** 2))
        return 0.62 + 0.3 * np.abs(np.cos(angle)) ** 1.4 - 0.2 * dip

    speckle = 14 * noise((size, size), max(size / 14, 2), rng)
    skin = np.asarray(colour, np.float32) + speckle[..., None]
    return inflate(closed_curve(size, kidney), skin, gloss=0.75)


def coffee_bean(size: int, colour: Colour = (92, 52, 26)) -> Sprite:
    """Draw a roasted bean with its groove."""
    mask = closed_curve(size, lambda a: 0.92 - 0.27 * np.sin(a) ** 2)
    along = np.linspace(0.06, 0.94, 30)
    path = np.stack([along, 0.5 + 0.07 * np.sin((along - 0.5) * 6)], 1) * size
    groove = np.zeros((size, size), np.float32)
    points = [np.round(path).astype(np.int32)]
    cv2.polylines(groove, points, False, 1.0, max(size // 14, 1), cv2.LINE_AA)
    body = inflate(mask, colour, gloss=0.55, bump=as_float32(groove * (-size / 16)))
    return over(body, [flat(groove * mask * 0.75, (34, 16, 8))])


def almond(size: int, rng: Random, colour: Colour = (176, 106, 52)) -> Sprite:
    """Draw a nut with a pointed end and a wrinkled skin."""

    def pointed(angle: Angles) -> Angles:
        return 0.52 + 0.34 * np.abs(np.cos(angle / 2)) ** 4 + 0.10 * np.cos(angle) ** 2

    stripes = cv2.resize(
        rng.uniform(-1, 1, (max(size // 4, 4), 3)).astype(np.float32), (size, size)
    )
    skin = np.asarray(colour, np.float32) + 26 * stripes[..., None]
    return inflate(closed_curve(size, pointed), skin, gloss=0.25, bump=as_float32(stripes))


def raisin(size: int, rng: Random) -> Sprite:
    """Draw a wrinkled dried berry."""
    mask = closed_curve(size, lambda a: 0.84 + 0.08 * np.cos(3 * a + 1) + 0.04 * np.cos(7 * a))
    return inflate(mask, (74, 26, 34), gloss=0.4, bump=noise((size, size), size / 7, rng) * 3)


def flake(size: int, rng: Random, colour: Colour = (222, 160, 66)) -> Sprite:
    """Draw a toasted cereal flake."""
    phases = rng.uniform(0, 6, 4)
    mask = closed_curve(size, _wobbly(0.78, 0.07, (2, 3, 5, 7), phases))
    toast = noise((size, size), size / 6, rng)
    skin = np.asarray(colour, np.float32) + toast[..., None] * np.array((22, 26, 22), np.float32)
    return inflate(mask, skin, puff=0.55, gloss=0.25, bump=toast * 2.5)


def tube(size: int, rng: Random, colour: Colour = (232, 188, 98)) -> Sprite:
    """Draw a ridged pasta tube, cut at a slant."""
    corners = np.array([(0.02, 0.36), (0.86, 0.36), (0.98, 0.64), (0.14, 0.64)]) * size
    ridges = np.sin(np.linspace(0, 8 * 2 * np.pi, size, dtype=np.float32))[:, None]
    bump = np.broadcast_to(ridges, (size, size)) * 0.9
    skin = np.asarray(colour, np.float32) * (1 + 0.05 * rng.uniform(-1, 1))
    body = inflate(polygon_mask(size, size, corners), skin, gloss=0.25, bump=as_float32(bump))
    hole = closed_curve(size, lambda a: 0.25 + 0 * a)
    shift = np.array([[0.42, 0, size * 0.715], [0.2, 1, -size * 0.105]], np.float32)
    opening = cv2.warpAffine(hole, shift, (size, size))
    return over(body, [flat(opening * 0.8, (128, 84, 30))])


def grain(size: int, rng: Random) -> Sprite:
    """Draw a grain of long rice."""
    mask = _oval(size, (0.5, 0.5), (0.46, 0.13))
    white = 236 + 14 * rng.uniform(-1, 1)
    return inflate(mask, (round(white), round(white) - 4, round(white) - 22), puff=0.9, gloss=0.4)


def cracker(size: int, rng: Random) -> Sprite:
    """Draw a square cracker with holes and a toasted edge."""

    def scalloped(angle: Angles) -> Angles:
        square = 1 / np.maximum(np.abs(np.cos(angle)), np.abs(np.sin(angle))) ** 0.92
        return np.minimum(0.86 * square * (1 + 0.018 * np.cos(28 * angle)), 1.08) * 0.9

    mask = closed_curve(size, scalloped)
    toast = noise((size, size), size / 8, rng)
    rim = cv2.GaussianBlur(mask, (0, 0), size / 9)
    base = np.array((228, 176, 92), np.float32) - (1 - rim[..., None]) * np.array((90, 110, 90))
    skin = (base + 20 * toast[..., None]).astype(np.float32)
    holes = np.zeros((size, size), np.float32)
    for row in np.linspace(0.25, 0.75, 4):
        for column in np.linspace(0.25, 0.75, 4):
            at = (round(column * size), round(row * size))
            cv2.circle(holes, at, max(size // 45, 1), 1.0, -1, cv2.LINE_AA)
    body = inflate(mask, skin, puff=0.35, gloss=0.15, bump=toast * 1.5 - holes * 3)
    return over(body, [flat(holes * 0.6, (120, 70, 24))])


def biscuit(size: int, rng: Random, colour: Colour = (84, 46, 28)) -> Sprite:
    """Draw a round embossed biscuit."""
    mask = closed_curve(size, lambda a: 0.94 + 0.02 * np.cos(24 * a))
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / (size / 2) - 1
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    rings = np.cos(radius * 24) * (radius > 0.6) + np.cos(angle * 12) * (np.abs(radius - 0.4) < 0.2)
    crumbs = noise((size, size), max(size / 40, 2), rng)
    skin = np.asarray(colour, np.float32) + 12 * crumbs[..., None]
    bump = (rings * size / 90 + crumbs * 0.7).astype(np.float32)
    return inflate(mask, skin, puff=0.35, gloss=0.3, bump=bump)


def bubble(size: int) -> Sprite:
    """Draw a soap bubble, clear in the middle."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / (size / 2) - 1
    radius = np.hypot(x, y)
    rim = np.clip(radius, 0, 1) ** 5 * (radius < 0.96)
    spark = np.exp(-((x + 0.38) ** 2 + (y + 0.42) ** 2) / 0.03)
    low = 0.5 * np.exp(-((x - 0.35) ** 2 + (y - 0.45) ** 2) / 0.06)
    colour = np.stack([225 - 50 * x, 240 + 0 * x, 250 - 20 * y], axis=-1)
    mask = np.clip(rim * 0.8 + spark + low + 0.12 * (radius < 0.96), 0, 1)
    return with_alpha(colour.astype(np.float32), mask.astype(np.float32))


def splash(size: int, colour: Colour, rng: Random) -> Sprite:
    """Draw a crown of liquid seen from above."""
    phases = rng.uniform(0, 6, 3)
    mask = closed_curve(size, _wobbly(0.68, 0.1, (5, 8, 11), phases))
    for _ in range(14):
        angle, reach = rng.uniform(0, 6.28), rng.uniform(0.84, 0.97)
        at = (0.5 + 0.5 * reach * np.cos(angle), 0.5 + 0.5 * reach * np.sin(angle))
        mask = np.maximum(mask, _spot(size, at, rng.uniform(0.012, 0.035)))
    return inflate(mask, colour, gloss=0.8)


def cup(size: int, ware: Colour, tea: Colour) -> Sprite:
    """Draw a filled cup on a saucer, with steam."""
    bowl_x = np.linspace(-0.30, 0.30, 40)
    bowl_y = 0.50 + 0.30 * np.sqrt(np.clip(1 - (bowl_x / 0.31) ** 2, 0, 1)) ** 0.6
    rim_left, rim_right = (0.18, 0.46), (0.82, 0.46)
    outline = [rim_left, *zip(0.5 + bowl_x, bowl_y, strict=True), rim_right]
    body = inflate(polygon_mask(size, size, np.array(outline) * size), ware, gloss=0.8)
    saucer = inflate(_oval(size, (0.5, 0.83), (0.46, 0.08)), ware, puff=0.8, gloss=0.6)
    handle = _oval(size, (0.84, 0.58), (0.12, 0.13)) - _oval(size, (0.84, 0.58), (0.075, 0.085))
    grip = inflate(np.clip(handle, 0, 1), ware, gloss=0.6)
    rim = flat(_oval(size, (0.5, 0.46), (0.325, 0.085)), (252, 250, 244))
    liquid = flat(_oval(size, (0.5, 0.465), (0.29, 0.065)), tea)
    shine = flat(_oval(size, (0.42, 0.45), (0.1, 0.014)) * 0.5, (255, 240, 215))
    return over(saucer, [grip, body, rim, liquid, shine, _steam(size)])


def crowd(
    sprites: list[Sprite],
    canvas_size: tuple[int, int],
    count: int,
    sizes: tuple[int, int],
    rng: Random,
    mask: Plane | None = None,
) -> Sprite:
    """Many of them thrown on a pile of (width, height), dark between; `mask` cuts the pile out."""
    width, height = canvas_size
    pile = np.zeros((height, width, 4), np.float32)
    for _ in range(count):
        size = int(rng.integers(sizes[0], sizes[1] + 1))
        sprite = cv2.resize(sprites[int(rng.integers(len(sprites)))], (size, size))
        at = (int(rng.integers(-size // 3, width)), int(rng.integers(-size // 3, height)))
        _drop(pile, turned(as_uint8(sprite), float(rng.uniform(0, 360))), at)
    picture = pile.astype(np.uint8)
    if mask is not None:
        picture[..., 3] = np.minimum(picture[..., 3], (mask * 255).astype(np.uint8))
    return picture


def _wobbly(
    mean: float, swing: float, waves: tuple[int, ...], phases: Angles
) -> Callable[[Angles], Angles]:
    def radius(angle: Angles) -> Angles:
        ripples = [np.cos(k * angle + p) for k, p in zip(waves, phases, strict=True)]
        summed: Angles = np.sum(ripples, axis=0)
        return mean + swing * summed

    return radius


def _drop(pile: NDArray[np.float32], sprite: Sprite, at: tuple[int, int]) -> None:
    left, top = max(at[0], 0), max(at[1], 0)
    right = min(at[0] + sprite.shape[1], pile.shape[1])
    bottom = min(at[1] + sprite.shape[0], pile.shape[0])
    if right <= left or bottom <= top:
        return
    part = sprite[top - at[1] : bottom - at[1], left - at[0] : right - at[0]].astype(np.float32)
    alpha = part[..., 3:] / 255
    shadow = cv2.GaussianBlur(part[..., 3], (0, 0), max(sprite.shape[0] / 12, 1)) / 255
    place = pile[top:bottom, left:right]
    place[..., :3] *= 1 - 0.45 * shadow[..., None]
    place[..., :3] = place[..., :3] * (1 - alpha) + part[..., :3] * alpha
    place[..., 3:] = np.maximum(place[..., 3:], part[..., 3:])


def _spot(size: int, centre: tuple[float, float], radius: float) -> Plane:
    return _oval(size, centre, (radius, radius))


def _oval(size: int, centre: tuple[float, float], radii: tuple[float, float]) -> Plane:
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    points = np.stack([np.cos(angles) * radii[0], np.sin(angles) * radii[1]], 1) + centre
    return polygon_mask(size, size, points * size)


def _crown(size: int, centre: tuple[float, float], radius: float, points: int) -> Plane:
    angles = np.linspace(0, 2 * np.pi, 2 * points + 1)[:-1] + 0.3
    reach = np.where(np.arange(2 * points) % 2 == 0, radius, radius * 0.36)
    star = np.stack([np.cos(angles) * reach, np.sin(angles) * reach * 0.62], 1) + centre
    return polygon_mask(size, size, star * size)


def _seeds(size: int, mask: Plane, rng: Random) -> tuple[Plane, Plane]:
    seeds, pits = np.zeros((size, size), np.float32), np.zeros((size, size), np.float32)
    for row, y in enumerate(np.linspace(0.22, 0.9, 8)):
        for x in np.linspace(0.12, 0.88, 7) + (row % 2) * 0.06:
            jitter = rng.uniform(-0.012, 0.012, 2)
            at = (round((x + jitter[0]) * size), round((y + jitter[1]) * size))
            axes = (max(size // 90, 1), max(size // 55, 1))
            cv2.ellipse(pits, at, (axes[0] * 2, axes[1] * 2), 0, 0, 360, 1.0, -1, cv2.LINE_AA)
            cv2.ellipse(seeds, at, axes, 0, 0, 360, 1.0, -1, cv2.LINE_AA)
    return as_float32(seeds * mask), as_float32(cv2.GaussianBlur(pits * mask, (0, 0), 1.2))


def _steam(size: int) -> Sprite:
    mask = np.zeros((size, size), np.float32)
    height = np.linspace(0.02, 0.38, 30)
    for x in (0.42, 0.58):
        path = np.stack([x + 0.035 * np.sin(height * 24 + x * 9), height], 1) * size
        points = [np.round(path).astype(np.int32)]
        cv2.polylines(mask, points, False, 0.55, max(size // 34, 1), cv2.LINE_AA)
    return flat(as_float32(cv2.GaussianBlur(mask, (0, 0), size / 60)), (255, 255, 255))
