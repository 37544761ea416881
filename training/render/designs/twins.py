"""Designs that come in two flavours: near-twins of one another."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from training.render.designs.studio import SidePlan, Studio, folded
from training.render.paint import food
from training.render.paint.canvas import Canvas, Colour
from training.render.paint.fonts import Face
from training.render.paint.ornaments import burst, rays, ribbon, seal, wave
from training.render.paint.solids import Carton
from training.render.paint.sprites import Sprite

Random = np.random.Generator
WHITE: Colour = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Flavour:
    """The differences between one twin and the other.

    Attributes:
        name: printed on the ribbon.
        accent: colour of the ribbon and of small marks.
        fruit: draws one fruit of a size in pixels.
        ingredient: named in the small print.
    """

    name: str
    accent: Colour
    fruit: Callable[[int, Random], Sprite]
    ingredient: str


def juice(studio: Studio, flavour: Flavour) -> Carton:
    """Draw LUMERA juice; its flavours are twins."""
    size = (0.095, 0.215, 0.068)
    canvas = studio.face(size[0], size[1], WHITE)
    canvas.gradient((250, 252, 246), (226, 240, 222))
    w, h = canvas.width, canvas.height
    rays(canvas, (w * 0.5, h * 0.16), (255, 214, 90), 16, 46)
    _lumera_logo(canvas)
    canvas.text((w / 2, h * 0.338), "PURE PRESSED JUICE", Face.BOLD, w * 0.052, (30, 84, 60))
    canvas.line([(w * 0.14, h * 0.357), (w * 0.86, h * 0.357)], (30, 84, 60), 1.5)
    wave(canvas, h * 0.76, h * 0.022, 1.1, 0.6, (30, 104, 70))
    wave(canvas, h * 0.785, h * 0.02, 1.2, 1.7, (20, 72, 50))
    _fruit_pair(canvas, flavour, studio.fresh_rng("lumera", flavour.name))
    ribbon(canvas, (w * 0.1, h * 0.385, w * 0.9, h * 0.45), flavour.accent, WHITE, flavour.name)
    seal(
        canvas,
        (w * 0.82, h * 0.80),
        w * 0.145,
        (250, 246, 226),
        (30, 84, 60),
        "NO SUGAR ADDED",
        ("100%", "FRUIT"),
    )
    _juice_foot(canvas, flavour)
    ingredients = f"{flavour.ingredient} juice not from concentrate (100 %), vitamin C"
    plan = SidePlan(
        (240, 246, 234), (24, 70, 50), (30, 104, 70), WHITE, "LUMERA", Face.STIX, Face.SANS, "itb"
    )
    facts = studio.facts(f"lumera-{flavour.name.lower()}", "lumera", ingredients, "1 L", 0.12)
    return folded(studio, size, canvas, plan, facts, (30, 104, 70), WHITE, 0.4)


def _lumera_logo(canvas: Canvas) -> None:
    w, h = canvas.width, canvas.height
    canvas.ellipse((w * 0.5, h * 0.15), (w * 0.43, h * 0.115), (255, 205, 60))
    canvas.ellipse((w * 0.5, h * 0.158), (w * 0.41, h * 0.105), (24, 92, 62))
    canvas.ring((w * 0.5, h * 0.158), (w * 0.385, h * 0.096), (255, 226, 140), 1.6)
    box = (w * 0.15, h * 0.128, w * 0.85, h * 0.19)
    canvas.fitted(box, "LUMERA", Face.STIX, WHITE, 1.0, (12, 52, 34))
    canvas.arched(
        (w * 0.5, h * 0.33), h * 0.235, "SINCE 1957", Face.BOLD, w * 0.05, (255, 226, 140)
    )
    canvas.paste(
        food.leaf(120, (120, 190, 60)), (w * 0.5, h * 0.225), (round(w * 0.22), round(w * 0.22)), 12
    )


def _fruit_pair(canvas: Canvas, flavour: Flavour, rng: Random) -> None:
    w, h = canvas.width, canvas.height
    places = ((0.30, 0.60, 0.60, 8.0), (0.72, 0.585, 0.52, -14.0), (0.46, 0.715, 0.56, 3.0))
    for x, y, scale, angle in places:
        side = round(w * scale)
        canvas.paste(flavour.fruit(side, rng), (w * x, h * y), (side, side), angle, shadow=0.5)
    for x, y, angle in ((0.12, 0.70, 30), (0.88, 0.69, -40), (0.5, 0.50, 75)):
        canvas.paste(food.leaf(90), (w * x, h * y), (round(w * 0.2), round(w * 0.2)), angle, 0.3)


def _juice_foot(canvas: Canvas, flavour: Flavour) -> None:
    w, h = canvas.width, canvas.height
    canvas.text((w * 0.08, h * 0.865), "squeezed, not", Face.SERIF_ITALIC, w * 0.07, WHITE, "lm")
    canvas.text((w * 0.08, h * 0.897), "concentrated", Face.SERIF_ITALIC, w * 0.07, WHITE, "lm")
    canvas.ellipse((w * 0.115, h * 0.945), (w * 0.04, w * 0.04), flavour.accent)
    canvas.text((w * 0.19, h * 0.945), "1 L \u212e  chill well", Face.SANS, w * 0.06, WHITE, "lm")


def cereal(studio: Studio, flavour: Flavour) -> Carton:
    """Draw OATBOUND cereal; its flavours are twins."""
    size = (0.19, 0.28, 0.06)
    canvas = studio.face(size[0], size[1], WHITE)
    canvas.gradient((255, 236, 190), (244, 190, 104))
    w, h = canvas.width, canvas.height
    rng = studio.fresh_rng("oatbound")
    rays(canvas, (w * 0.5, h * 0.62), (255, 250, 226), 22, 110)
    wave(canvas, h * 0.80, h * 0.03, 0.8, 0.2, (112, 58, 24))
    _oatbound_logo(canvas)
    _bowl(canvas, flavour, rng, studio.fresh_rng("oatbound", flavour.name))
    ribbon(
        canvas,
        (w * 0.14, h * 0.335, w * 0.86, h * 0.405),
        flavour.accent,
        WHITE,
        f"with {flavour.name}",
        Face.OBLIQUE,
    )
    burst(
        canvas, (w * 0.865, h * 0.475), w * 0.115, (255, 226, 60), (150, 40, 20), ("NEW", "RECIPE")
    )
    seal(
        canvas,
        (w * 0.13, h * 0.90),
        w * 0.10,
        (250, 240, 214),
        (112, 58, 24),
        "WHOLE GRAIN OATS",
        ("72%", "OATS"),
    )
    canvas.text(
        (w * 0.60, h * 0.875), "wholegrain oat clusters", Face.SERIF_ITALIC, w * 0.052, WHITE
    )
    canvas.text(
        (w * 0.60, h * 0.912),
        "source of fibre \u2022 no palm oil",
        Face.SANS,
        w * 0.036,
        (255, 226, 170),
    )
    canvas.text((w * 0.93, h * 0.962), "450 g \u212e", Face.BOLD, w * 0.045, WHITE, "rm")
    ingredients = (
        f"wholegrain oats 72 %, cane sugar, {flavour.ingredient} 6 %, sunflower oil, barley malt, "
        "salt, vitamins B1, B2, B6, iron"
    )
    plan = SidePlan(
        (252, 240, 214),
        (96, 46, 18),
        (112, 58, 24),
        (255, 226, 150),
        "OATBOUND",
        Face.BOLD,
        Face.LIGHT,
        "tiqb",
    )
    facts = studio.facts(f"oatbound-{flavour.name.lower()}", "oatbound", ingredients, "450 g")
    return folded(studio, size, canvas, plan, facts, (236, 176, 90), (96, 46, 18))


def _oatbound_logo(canvas: Canvas) -> None:
    w, h = canvas.width, canvas.height
    corners = [(0.05, 0.07), (0.95, 0.045), (0.97, 0.20), (0.03, 0.225)]
    canvas.polygon([(w * x, h * y + 6) for x, y in corners], (60, 26, 10), 110)
    canvas.polygon([(w * x, h * y) for x, y in corners], (112, 58, 24))
    inner = [(0.07, 0.082), (0.935, 0.06), (0.95, 0.19), (0.05, 0.212)]
    canvas.line([(w * x, h * y) for x, y in [*inner, inner[0]]], (255, 210, 110), 2)
    box = (w * 0.09, h * 0.095, w * 0.91, h * 0.175)
    canvas.fitted(box, "OATBOUND", Face.BOLD, (255, 246, 220), 2, (60, 26, 10), 1.4)
    canvas.fitted(
        (w * 0.2, h * 0.235, w * 0.8, h * 0.315),
        "Crunch",
        Face.STIX_ITALIC,
        (140, 40, 22),
        2.5,
        (255, 250, 236),
        3,
    )


def _bowl(canvas: Canvas, flavour: Flavour, rng: Random, fruit_rng: Random) -> None:
    w, h = canvas.width, canvas.height
    centre = (w * 0.5, h * 0.63)
    canvas.ellipse((centre[0] + 6, centre[1] + h * 0.15), (w * 0.40, h * 0.09), (90, 44, 16), 120)
    outline = [
        (centre[0] + w * 0.42 * np.cos(a), centre[1] + h * 0.20 * np.sin(a))
        for a in np.linspace(0, np.pi, 40)
    ]
    canvas.polygon(outline, (56, 112, 158))
    stripe = [(x, y * 0.94 + centre[1] * 0.06) for x, y in outline]
    canvas.line(stripe[4:-4], (210, 232, 246), 6, alpha=170)
    canvas.ellipse(centre, (w * 0.43, h * 0.088), (226, 240, 250))
    canvas.ellipse(centre, (w * 0.40, h * 0.076), (250, 250, 246))
    flakes = [food.flake(110, rng) for _ in range(6)]
    for _ in range(95):
        angle, reach = rng.uniform(0, 2 * np.pi), np.sqrt(rng.uniform(0, 1))
        at = (
            centre[0] + w * 0.345 * reach * np.cos(angle),
            centre[1] - h * 0.012 + h * 0.062 * reach * np.sin(angle) - h * 0.03 * (1 - reach),
        )
        side = round(w * rng.uniform(0.07, 0.11))
        canvas.paste(
            flakes[int(rng.integers(6))], at, (side, side), float(rng.uniform(0, 360)), 0.4
        )
    for x, y, scale in (
        (0.33, 0.585, 0.20),
        (0.52, 0.555, 0.23),
        (0.70, 0.595, 0.19),
        (0.43, 0.635, 0.17),
        (0.60, 0.64, 0.18),
        (0.80, 0.76, 0.19),
        (0.22, 0.79, 0.17),
    ):
        side = round(w * scale)
        fruit = flavour.fruit(side, fruit_rng)
        canvas.paste(fruit, (w * x, h * y), (side, side), float(fruit_rng.uniform(-35, 35)), 0.5)
