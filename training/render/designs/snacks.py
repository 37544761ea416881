"""Designs: crackers, biscuits, nuts, and a stranger to the catalog."""

import numpy as np

from training.render.designs.studio import SidePlan, Studio, folded
from training.render.designs.wraps import crimped
from training.render.paint import food
from training.render.paint.canvas import Canvas, Colour, mix
from training.render.paint.fonts import Face
from training.render.paint.ornaments import (
    blob,
    burst,
    dots,
    mountains,
    ribbon,
    seal,
    stripes,
    wave,
)
from training.render.paint.solids import Carton, Pouch
from training.render.paint.sprites import polygon_mask

WHITE: Colour = (255, 255, 255)


def crackers(studio: Studio) -> Carton:
    """Draw KORNIK crackers."""
    size = (0.21, 0.15, 0.06)
    canvas = studio.face(size[0], size[1], (176, 26, 34))
    canvas.gradient((206, 36, 40), (128, 12, 26))
    w, h = canvas.width, canvas.height
    rng = studio.fresh_rng("kornik")
    stripes(canvas, 0, h, (255, 120, 90), w * 0.07, 0.5, 34)
    baked = [food.cracker(200, rng) for _ in range(3)]
    for x, y, scale, angle in (
        (0.60, 0.70, 0.40, 8),
        (0.78, 0.60, 0.44, -18),
        (0.90, 0.84, 0.38, 30),
        (0.70, 0.90, 0.36, -8),
    ):
        side = round(h * scale * 1.25)
        canvas.paste(baked[round(x * 10) % 3], (w * x, h * y), (side, side), angle, 0.6)
    canvas.ellipse((w * 0.31, h * 0.30), (w * 0.28, h * 0.22), (255, 214, 60))
    canvas.ellipse((w * 0.31, h * 0.30), (w * 0.265, h * 0.198), (250, 250, 244))
    canvas.fitted(
        (w * 0.08, h * 0.19, w * 0.54, h * 0.41),
        "Kornik",
        Face.SERIF_ITALIC,
        (176, 26, 34),
        1.5,
        (96, 8, 16),
        4,
    )
    canvas.fitted((w * 0.06, h * 0.58, w * 0.44, h * 0.70), "SEA SALT", Face.BOLD, (255, 230, 130))
    canvas.fitted((w * 0.06, h * 0.73, w * 0.40, h * 0.82), "baked crackers", Face.OBLIQUE, WHITE)
    canvas.text(
        (w * 0.06, h * 0.91),
        "200 g \u212e   oven-crisp since 1931",
        Face.SANS,
        h * 0.055,
        (255, 220, 190),
        "lm",
    )
    burst(canvas, (w * 0.885, h * 0.19), h * 0.155, (255, 214, 60), (150, 20, 20), ("+20%", "FREE"))
    plan = SidePlan(
        (255, 244, 226),
        (128, 12, 26),
        (176, 26, 34),
        (255, 230, 130),
        "Kornik",
        Face.SERIF_ITALIC,
        Face.LIGHT,
        "tb",
    )
    facts = studio.facts(
        "kornik-salt", "kornik", "wheat flour, sunflower oil, sea salt 2 %, yeast, malt", "200 g"
    )
    return folded(studio, size, canvas, plan, facts, (150, 18, 28), (255, 230, 130))


def biscuits(studio: Studio) -> Carton:
    """Draw COCOA LANE biscuits."""
    size = (0.19, 0.13, 0.055)
    canvas = studio.face(size[0], size[1], (70, 36, 22))
    canvas.gradient((250, 226, 196), (232, 186, 140), 30)
    w, h = canvas.width, canvas.height
    rng = studio.fresh_rng("cocoalane")
    dots(canvas, 0, h, (196, 130, 84), h * 0.11, 70)
    wave(canvas, h * 0.60, h * 0.05, 0.9, 3.6, (58, 28, 18))
    wave(canvas, h * 0.64, h * 0.05, 0.9, 3.9, (92, 48, 28))
    baked = [food.biscuit(240, rng), food.biscuit(240, rng, (196, 140, 78))]
    for index, (x, y, scale, angle) in enumerate(
        (
            (0.58, 0.66, 0.55, 0),
            (0.80, 0.52, 0.60, 40),
            (0.90, 0.82, 0.50, 80),
            (0.70, 0.86, 0.46, 20),
        )
    ):
        side = round(h * scale)
        canvas.paste(baked[index % 2], (w * x, h * y), (side, side), angle, 0.6)
    canvas.fitted(
        (w * 0.05, h * 0.08, w * 0.66, h * 0.30),
        "Cocoa Lane",
        Face.STIX_ITALIC,
        (92, 34, 16),
        2,
        (255, 246, 230),
    )
    canvas.text(
        (w * 0.06, h * 0.40),
        "twice-baked biscuits",
        Face.SERIF,
        h * 0.072,
        (70, 36, 22),
        "lm",
    )
    ribbon(
        canvas,
        (w * 0.07, h * 0.68, w * 0.42, h * 0.80),
        (200, 150, 60),
        (58, 28, 18),
        "Dark & Malt",
        Face.SERIF_BOLD,
    )
    canvas.text(
        (w * 0.06, h * 0.92), "176 g \u212e  16 pieces", Face.BOLD, h * 0.062, (250, 226, 196), "lm"
    )
    seal(
        canvas,
        (w * 0.885, h * 0.18),
        h * 0.145,
        (58, 28, 18),
        (236, 190, 110),
        "FAIRLY TRADED",
        ("70%", "COCOA"),
    )
    ingredients = (
        "wheat flour, sugar, cocoa mass 12 %, barley malt, butter, raising agent, sea salt"
    )
    plan = SidePlan(
        (250, 232, 208),
        (70, 36, 22),
        (58, 28, 18),
        (236, 190, 110),
        "Cocoa Lane",
        Face.STIX_ITALIC,
        Face.SERIF,
        "ib",
    )
    facts = studio.facts("cocoalane-malt", "cocoalane", ingredients, "176 g")
    return folded(studio, size, canvas, plan, facts, (92, 48, 28), (236, 190, 110), 0.4)


def nuts(studio: Studio) -> Pouch:
    """Draw TRAILFOX nuts and berries."""
    width, height = 0.155, 0.215
    canvas = studio.face(width, height, (40, 60, 40))
    canvas.gradient((226, 112, 30), (120, 36, 18))
    w, h = canvas.width, canvas.height
    rng = studio.fresh_rng("trailfox")
    mountains(canvas, h * 0.60, h * 0.22, (160, 84, 50), rng)
    wave(canvas, h * 0.55, h * 0.02, 1.2, 1.0, (52, 76, 50))
    mixed = [
        food.almond(120, rng),
        food.almond(120, rng, (206, 160, 96)),
        food.raisin(100, rng),
        food.bean(110, (226, 190, 130), rng),
        food.blueberry(90, rng),
    ]
    side = (round(w * 0.86), round(h * 0.33))
    corners = np.array([(0.06, 0.0), (0.94, 0.06), (1.0, 0.94), (0.0, 1.0)]) * side
    pile = food.crowd(
        mixed, side, 190, (round(w * 0.10), round(w * 0.15)), rng, polygon_mask(*side, corners)
    )
    canvas.paste(pile, (w * 0.5, h * 0.76), side, 0, 0.5)
    _fox(canvas, (w * 0.5, h * 0.225), w * 0.19)
    canvas.fitted(
        (w * 0.09, h * 0.365, w * 0.91, h * 0.475),
        "TRAILFOX",
        Face.BOLD,
        (255, 244, 214),
        3,
        (92, 26, 12),
    )
    ribbon(
        canvas,
        (w * 0.2, h * 0.50, w * 0.8, h * 0.555),
        (52, 76, 50),
        (255, 244, 214),
        "Nuts & Berries",
        Face.SERIF_ITALIC,
    )
    burst(canvas, (w * 0.84, h * 0.16), w * 0.105, (255, 214, 60), (92, 26, 12), ("TRAIL", "MIX"))
    canvas.text(
        (w * 0.5, h * 0.945),
        "250 g \u212e   unsalted \u2022 resealable",
        Face.SANS,
        w * 0.045,
        (255, 232, 196),
    )
    return Pouch(width, height, 0.055, crimped(canvas.finish(), rng))


def _fox(canvas: Canvas, centre: tuple[float, float], size: float) -> None:
    x, y = centre

    def patch(corners: tuple[tuple[float, float], ...], colour: Colour, rounding: int = 1) -> None:
        points = [(x + a * size, y + b * size) for a, b in corners]
        blob(canvas, points, colour, gloss=0.2, rounding=rounding)

    canvas.ellipse(centre, (size * 1.25, size * 1.1), (255, 226, 160))
    for side in (-1, 1):
        patch(((side * 0.92, -1.0), (side * 0.25, -0.4), (side * 0.86, 0.05)), (196, 80, 22))
        patch(((side * 0.82, -0.78), (side * 0.45, -0.36), (side * 0.76, -0.1)), (76, 34, 22))
    face = ((-0.55, -0.5), (0.55, -0.5), (0.95, 0.1), (0.4, 0.55), (0.0, 0.98), (-0.4, 0.55))
    patch((*face, (-0.95, 0.1)), (220, 98, 28), 2)
    for side in (-1, 1):
        patch(
            ((side * 0.92, 0.12), (side * 0.3, 0.2), (side * 0.05, 0.9), (side * 0.42, 0.55)),
            (252, 246, 236),
        )
        eye = (x + side * size * 0.34, y + size * 0.04)
        canvas.ellipse(eye, (size * 0.1, size * 0.11), (30, 18, 16))
        canvas.ellipse(
            (eye[0] - size * 0.03, eye[1] - size * 0.04), (size * 0.03, size * 0.03), WHITE
        )
    patch(((-0.14, 0.7), (0.14, 0.7), (0.1, 0.92), (-0.1, 0.92)), (30, 18, 16), 2)


def stranger(studio: Studio) -> Carton:
    """Draw ZUMBARI cocoa pops: never in the catalog."""
    size = (0.17, 0.24, 0.06)
    canvas = studio.face(size[0], size[1], (92, 30, 120))
    canvas.gradient((150, 60, 180), (50, 12, 84), 60)
    w, h = canvas.width, canvas.height
    rng = studio.fresh_rng("zumbari")
    dots(canvas, 0, h * 0.6, (236, 150, 250), w * 0.09, 60)
    for turn in range(9):
        side = round(w * 0.5)
        at = (w * (0.5 + 0.58 * np.cos(turn * 0.75)), h * (0.55 + 0.46 * np.sin(turn * 0.75)))
        canvas.paste(food.leaf(160, (40, 150, 92)), at, (side, side), -turn * 43.0, 0.4)
    canvas.ellipse((w * 0.5, h * 0.60), (w * 0.37, w * 0.37), (255, 196, 30))
    _parrot(canvas, (w * 0.5, h * 0.60), w * 0.27)
    canvas.fitted(
        (w * 0.07, h * 0.06, w * 0.93, h * 0.21),
        "ZUMBARI",
        Face.BOLD,
        (255, 226, 40),
        5,
        (50, 12, 84),
        -3,
    )
    canvas.fitted(
        (w * 0.18, h * 0.235, w * 0.82, h * 0.30),
        "Jungle Hoops",
        Face.SERIF_ITALIC,
        WHITE,
        1,
        (50, 12, 84),
    )
    for _ in range(36):
        centre = (w * rng.uniform(0.02, 0.98), h * rng.uniform(0.86, 0.985))
        radius = w * rng.uniform(0.028, 0.04)
        colour = mix((236, 120, 30), (90, 200, 60), float(rng.uniform(0, 1)))
        canvas.ellipse((centre[0] + 2, centre[1] + 3), (radius, radius * 0.8), (20, 4, 30), 120)
        canvas.ring(centre, (radius, radius * 0.8), colour, radius * 0.5)
    burst(canvas, (w * 0.15, h * 0.40), w * 0.115, (240, 60, 90), WHITE, ("FREE", "PUZZLE"))
    canvas.text((w * 0.88, h * 0.82), "300 g \u212e", Face.BOLD, w * 0.05, WHITE)
    ingredients = "maize, oat flour, sugar, fruit powders, colour: carrot"
    plan = SidePlan(
        (250, 238, 255),
        (80, 24, 110),
        (92, 30, 120),
        (255, 226, 40),
        "ZUMBARI",
        Face.BOLD,
        Face.LIGHT,
        "btq",
    )
    facts = studio.facts("zumbari-hoops", "zumbari", ingredients, "300 g")
    return folded(studio, size, canvas, plan, facts, (92, 30, 120), (255, 226, 40))


def _parrot(canvas: Canvas, centre: tuple[float, float], size: float) -> None:
    x, y = centre

    def part(corners: tuple[tuple[float, float], ...], colour: Colour, gloss: float = 0.35) -> None:
        points = [(x + a * size, y + b * size) for a, b in corners]
        blob(canvas, points, colour, gloss=gloss, shadow=0.25)

    part(((-0.1, 0.6), (0.25, 0.6), (0.55, 1.75), (0.2, 1.6), (-0.05, 1.3)), (30, 110, 210))
    part(
        ((-0.55, -0.3), (0.4, -0.5), (0.7, 0.5), (0.3, 1.1), (-0.4, 1.0), (-0.7, 0.3)),
        (224, 34, 50),
    )
    for step, colour in enumerate(((30, 100, 210), (44, 184, 110), (250, 206, 40))):
        low, left = 1.05 - 0.3 * step, 0.05 + 0.06 * step
        part(
            ((left, -0.1), (0.75, -0.15), (0.95, low * 0.7), (0.6, low), (left + 0.1, low * 0.6)),
            colour,
        )
    part(
        ((-0.65, -0.9), (0.0, -1.1), (0.5, -0.8), (0.5, -0.2), (0.0, 0.05), (-0.6, -0.15)),
        (232, 40, 54),
    )
    part(
        ((-0.55, -0.8), (-0.05, -0.8), (0.05, -0.4), (-0.3, -0.2), (-0.6, -0.35)),
        (252, 246, 238),
        0.1,
    )
    canvas.ellipse((x - size * 0.2, y - size * 0.52), (size * 0.13, size * 0.14), (24, 20, 30))
    canvas.ellipse((x - size * 0.24, y - size * 0.57), (size * 0.04, size * 0.04), WHITE)
    part(
        ((-0.45, -0.62), (-0.85, -0.6), (-1.1, -0.25), (-0.92, 0.1), (-0.75, -0.12), (-0.42, -0.2)),
        (52, 44, 50),
        0.7,
    )
