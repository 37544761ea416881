"""Designs: washing powder."""

import numpy as np

from training.render.designs.studio import SidePlan, Studio, folded
from training.render.paint import food
from training.render.paint.canvas import Canvas, Colour
from training.render.paint.fonts import Face
from training.render.paint.ornaments import rays, scattered
from training.render.paint.solids import Carton

WHITE: Colour = (255, 255, 255)


def detergent(studio: Studio) -> Carton:
    """Draw BRISQ washing powder."""
    size = (0.165, 0.235, 0.085)
    canvas = studio.face(size[0], size[1], (0, 84, 166))
    canvas.gradient((22, 150, 226), (2, 34, 110), 70)
    w, h = canvas.width, canvas.height
    rng = studio.fresh_rng("brisq")
    rays(canvas, (w * 0.5, h * 0.45), (130, 220, 255), 24, 50)
    for radius, colour in ((0.40, (255, 232, 40)), (0.345, (255, 120, 20)), (0.295, (230, 20, 60))):
        corners = [
            (
                w * 0.5 + w * radius * np.cos(a) * (1 + 0.12 * np.cos(9 * a)),
                h * 0.45 + w * radius * np.sin(a) * (1 + 0.12 * np.cos(9 * a)),
            )
            for a in np.linspace(0, 2 * np.pi, 150)
        ]
        canvas.polygon(corners, colour)
    canvas.fitted(
        (w * 0.06, h * 0.355, w * 0.94, h * 0.535), "BRISQ", Face.OBLIQUE, WHITE, 5, (0, 34, 110), 8
    )
    foam = food.bubble(120)

    def blow(at: tuple[float, float], radius: float) -> None:
        canvas.paste(foam, at, (round(radius), round(radius)))

    scattered(canvas, blow, 46, (w * 0.04, w * 0.17), rng)
    canvas.text((w * 0.5, h * 0.075), "Color & White", Face.SERIF_ITALIC, w * 0.095, WHITE)
    canvas.text((w * 0.5, h * 0.135), "WASHING POWDER", Face.BOLD, w * 0.06, (255, 232, 40))
    canvas.rounded((w * 0.07, h * 0.70, w * 0.93, h * 0.80), 14, WHITE)
    canvas.fitted(
        (w * 0.11, h * 0.72, w * 0.89, h * 0.78), "ALPINE BREEZE", Face.BOLD, (0, 84, 166)
    )
    _drops(canvas)
    canvas.text((w * 0.93, h * 0.95), "1.2 kg \u212e  18 washes", Face.BOLD, w * 0.052, WHITE, "rm")
    ingredients = (
        "15-30 % zeolites, 5-15 % anionic surfactants, oxygen bleach, enzymes, soap, perfume"
    )
    plan = SidePlan(
        (232, 244, 252),
        (0, 50, 120),
        (0, 84, 166),
        (255, 232, 40),
        "BRISQ",
        Face.OBLIQUE,
        Face.SANS,
        "qib",
    )
    facts = studio.facts("brisq-powder", "brisq", ingredients, "1.2 kg")
    return folded(studio, size, canvas, plan, facts, (0, 84, 166), WHITE, 0.45)


def _drops(canvas: Canvas) -> None:
    w, h = canvas.width, canvas.height
    for index, text in enumerate(("30\u00b0", "40\u00b0", "60\u00b0")):
        centre = (w * (0.14 + 0.15 * index), h * 0.875)
        canvas.ellipse(centre, (w * 0.058, w * 0.058), WHITE)
        canvas.text(centre, text, Face.BOLD, w * 0.048, (230, 20, 60))
