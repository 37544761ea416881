"""Designs: rice, pasta, tomatoes, beans, salt."""

import numpy as np

from training.render.designs.studio import SidePlan, Studio, folded
from training.render.designs.wraps import crimped, metal_lid, rimmed, tin_back
from training.render.paint import food
from training.render.paint.canvas import Canvas, Colour
from training.render.paint.fonts import Face
from training.render.paint.ornaments import blob, burst, rays, ribbon, seal, stripes, wave
from training.render.paint.solids import Carton, Pouch, Tin
from training.render.paint.sprites import closed_curve, polygon_mask

WHITE: Colour = (255, 255, 255)


def rice(studio: Studio) -> Carton:
    """Draw JADE RIVER rice."""
    size = (0.14, 0.2, 0.06)
    canvas = studio.face(size[0], size[1], (10, 96, 84))
    canvas.gradient((14, 128, 108), (4, 58, 62))
    w, h = canvas.width, canvas.height
    rng = studio.fresh_rng("jaderiver")
    for row in range(9):
        for column in range(7):
            centre = (w * (column + 0.5 * (row % 2)) / 6, h * (0.45 + row * 0.068))
            for radius in (0.085, 0.06, 0.035):
                canvas.ring(centre, (w * radius, w * radius), (52, 164, 138), 1.4)
    canvas.ellipse((w * 0.5, h * 0.62), (w * 0.40, w * 0.40), (236, 206, 120))
    canvas.ellipse((w * 0.5, h * 0.62), (w * 0.375, w * 0.375), (98, 20, 30))
    grains = [food.grain(110, rng) for _ in range(5)]
    side = round(w * 0.7)
    mask = np.asarray(closed_curve(side, lambda a: 0.97 + 0 * a))
    pile = food.crowd(grains, (side, side), 520, (side // 9, side // 6), rng, mask)
    canvas.paste(pile, (w * 0.5, h * 0.62), (side, side))
    canvas.polygon(
        [(w * 0.06, h * 0.05), (w * 0.94, h * 0.05), (w * 0.94, h * 0.33), (w * 0.06, h * 0.33)],
        (246, 240, 220),
    )
    canvas.line(
        [
            (w * 0.09, h * 0.066),
            (w * 0.91, h * 0.066),
            (w * 0.91, h * 0.314),
            (w * 0.09, h * 0.314),
            (w * 0.09, h * 0.066),
        ],
        (170, 128, 50),
        2,
    )
    canvas.fitted((w * 0.14, h * 0.09, w * 0.86, h * 0.165), "JADE RIVER", Face.STIX, (98, 20, 30))
    canvas.fitted(
        (w * 0.2, h * 0.19, w * 0.8, h * 0.235), "Jasmine Rice", Face.SERIF_ITALIC, (10, 96, 84)
    )
    canvas.text(
        (w * 0.5, h * 0.275), "long grain \u2022 first harvest", Face.SANS, w * 0.052, (60, 60, 50)
    )
    ribbon(
        canvas,
        (w * 0.16, h * 0.86, w * 0.84, h * 0.92),
        (198, 44, 44),
        (250, 232, 180),
        "COOKS IN 12 MIN",
    )
    canvas.text((w * 0.5, h * 0.965), "1 kg \u212e", Face.BOLD, w * 0.055, (246, 240, 220))
    plan = SidePlan(
        (246, 240, 220),
        (4, 58, 62),
        (10, 96, 84),
        (236, 206, 120),
        "JADE RIVER",
        Face.STIX,
        Face.SERIF,
        "qtb",
    )
    facts = studio.facts("jaderiver-jasmine", "jaderiver", "jasmine rice, long grain", "1 kg")
    return folded(studio, size, canvas, plan, facts, (10, 96, 84), (236, 206, 120))


def pasta(studio: Studio) -> Pouch:
    """Draw PASTELLO penne with a window."""
    width, height = 0.155, 0.225
    canvas = studio.face(width, height, (20, 60, 140))
    canvas.gradient((30, 88, 178), (12, 36, 98))
    w, h = canvas.width, canvas.height
    rng = studio.fresh_rng("pastello")
    stripes(canvas, h * 0.04, h * 0.96, (90, 150, 226), w * 0.10, 0.35, 46)
    tubes = [food.tube(150, rng) for _ in range(4)]
    side = (round(w * 0.80), round(h * 0.36))
    oval = polygon_mask(
        *side,
        np.array(
            [
                (
                    side[0] / 2 + side[0] * 0.49 * np.cos(a),
                    side[1] / 2 + side[1] * 0.49 * np.sign(np.sin(a)) * abs(np.sin(a)) ** 0.6,
                )
                for a in np.linspace(0, 6.283, 90)
            ]
        ),
    )
    canvas.ellipse((w * 0.5, h * 0.69), (w * 0.42, h * 0.195), (250, 214, 120))
    canvas.paste(
        food.crowd(tubes, side, 150, (round(w * 0.22), round(w * 0.3)), rng, oval),
        (w * 0.5, h * 0.69),
        side,
        0,
        0.4,
    )
    canvas.rounded((w * 0.08, h * 0.10, w * 0.92, h * 0.36), 20, (252, 248, 236))
    canvas.polygon(
        [(w * 0.08, h * 0.265), (w * 0.92, h * 0.265), (w * 0.92, h * 0.32), (w * 0.08, h * 0.32)],
        (206, 30, 40),
    )
    canvas.fitted(
        (w * 0.14, h * 0.125, w * 0.86, h * 0.245),
        "Pastello",
        Face.SERIF_ITALIC,
        (20, 60, 140),
        1,
        (206, 30, 40),
    )
    canvas.fitted(
        (w * 0.22, h * 0.275, w * 0.78, h * 0.31), "PENNE RIGATE No 41", Face.BOLD, (255, 236, 190)
    )
    canvas.text(
        (w * 0.5, h * 0.342), "bronze-drawn durum wheat", Face.SERIF, w * 0.045, (40, 50, 80)
    )
    seal(
        canvas,
        (w * 0.80, h * 0.445),
        w * 0.105,
        (250, 214, 120),
        (20, 60, 140),
        "AL DENTE",
        ("11", "MIN"),
    )
    canvas.text((w * 0.08, h * 0.43), "500 g \u212e", Face.BOLD, w * 0.075, (250, 214, 120), "lm")
    canvas.text(
        (w * 0.5, h * 0.935), "tradizione dal 1924", Face.STIX_ITALIC, w * 0.06, (250, 232, 180)
    )
    return Pouch(width, height, 0.05, crimped(canvas.finish(), rng))


def tomatoes(studio: Studio) -> Tin:
    """Draw BELLACOSTA tomatoes."""
    width, height = 0.1, 0.125
    canvas = studio.face(width * np.pi, height, (246, 236, 208))
    canvas.gradient((252, 244, 220), (240, 220, 170))
    w, h = canvas.width, canvas.height
    rng = studio.fresh_rng("bellacosta")
    for colour, top, bottom in (((18, 110, 60), 0.0, 0.07), ((186, 24, 30), 0.93, 1.0)):
        canvas.polygon([(0, h * top), (w, h * top), (w, h * bottom), (0, h * bottom)], colour)
    middle = w / 2
    rays(canvas, (middle, h * 0.6), (255, 252, 236), 26, 130)
    for x, y, scale in (
        (-0.30, 0.66, 0.50),
        (0.30, 0.66, 0.48),
        (0.0, 0.70, 0.56),
        (-0.62, 0.74, 0.34),
        (0.62, 0.74, 0.36),
    ):
        side = round(h * scale)
        canvas.paste(
            food.tomato(side, rng),
            (middle + h * x, h * y),
            (side, side),
            float(rng.uniform(-12, 12)),
            0.5,
        )
    for x, angle in ((-0.48, 20), (0.5, 160), (0.16, 80)):
        canvas.paste(
            food.leaf(120, (60, 130, 60)),
            (middle + h * x, h * 0.86),
            (round(h * 0.28),) * 2,
            angle,
            0.4,
        )
    canvas.fitted(
        (middle - h * 0.42, h * 0.12, middle + h * 0.42, h * 0.28),
        "Bellacosta",
        Face.STIX_ITALIC,
        (186, 24, 30),
        1.5,
        WHITE,
    )
    ribbon(
        canvas,
        (middle - h * 0.36, h * 0.315, middle + h * 0.36, h * 0.40),
        (18, 110, 60),
        WHITE,
        "PEELED PLUM TOMATOES",
    )
    tin_back(
        canvas,
        studio,
        "bellacosta-tomatoes",
        "tomatoes 65 %, tomato juice, salt, basil",
        "400 g",
        (120, 16, 20),
        Face.SERIF,
    )
    return Tin(width, height, rimmed(canvas.finish()), metal_lid(studio, width))


def beans(studio: Studio) -> Tin:
    """Draw FENNHILL beans."""
    width, height = 0.1, 0.125
    canvas = studio.face(width * np.pi, height, (22, 74, 96))
    canvas.gradient((40, 128, 150), (12, 52, 78))
    w, h = canvas.width, canvas.height
    rng = studio.fresh_rng("fennhill")
    stripes(canvas, 0, h, (110, 196, 206), h * 0.16, 0.0, 40)
    middle = w / 2
    shapes = [
        food.bean(110, colour, rng) for colour in ((150, 44, 36), (122, 30, 30), (172, 66, 44))
    ]
    side = round(h * 1.7)
    oval = polygon_mask(
        side,
        round(h * 0.52),
        np.array(
            [
                (side / 2 + side * 0.49 * np.cos(a), h * 0.26 + h * 0.25 * np.sin(a))
                for a in np.linspace(0, 6.283, 80)
            ]
        ),
    )
    pile = food.crowd(
        shapes, (side, oval.shape[0]), 230, (round(h * 0.11), round(h * 0.17)), rng, oval
    )
    canvas.ellipse((middle, h * 0.70), (side * 0.51, h * 0.275), (240, 226, 190))
    canvas.paste(pile, (middle, h * 0.70), (side, oval.shape[0]))
    canvas.polygon(
        [
            (middle - h * 0.6, h * 0.07),
            (middle + h * 0.6, h * 0.07),
            (middle + h * 0.52, h * 0.40),
            (middle - h * 0.52, h * 0.40),
        ],
        (240, 226, 190),
    )
    canvas.fitted(
        (middle - h * 0.40, h * 0.12, middle + h * 0.40, h * 0.25),
        "FENNHILL",
        Face.SERIF_BOLD,
        (12, 52, 78),
    )
    canvas.fitted(
        (middle - h * 0.34, h * 0.28, middle + h * 0.34, h * 0.36),
        "Red Kidney Beans",
        Face.STIX_ITALIC,
        (150, 44, 36),
    )
    seal(
        canvas,
        (middle + h * 0.28, h * 0.50),
        h * 0.13,
        (240, 190, 60),
        (12, 52, 78),
        "SLOW COOKED",
        ("IN", "WATER"),
    )
    tin_back(
        canvas,
        studio,
        "fennhill-beans",
        "kidney beans 60 %, water, sugar, salt",
        "400 g",
        (240, 226, 190),
        Face.LIGHT,
    )
    return Tin(width, height, rimmed(canvas.finish()), metal_lid(studio, width))


def salt(studio: Studio) -> Tin:
    """Draw SALINA sea salt in a cardboard drum."""
    width, height = 0.085, 0.16
    canvas = studio.face(width * np.pi, height, (20, 60, 120))
    canvas.gradient((246, 250, 252), (206, 226, 240))
    w, h = canvas.width, canvas.height
    middle = w / 2
    for index, colour in enumerate(((126, 186, 216), (60, 140, 190), (24, 96, 156), (14, 64, 120))):
        wave(canvas, h * (0.60 + 0.085 * index), h * 0.03, 5 + index, index * 1.9, colour)
        for x in np.arange(0, w, w / 22):
            canvas.ring(
                (float(x), h * (0.65 + 0.085 * index)), (h * 0.03, h * 0.015), (236, 246, 252), 1.3
            )
    _sailboat(canvas, (middle, h * 0.5), h * 0.26)
    canvas.fitted(
        (middle - h * 0.25, h * 0.08, middle + h * 0.25, h * 0.19),
        "SALINA",
        Face.STIX,
        (14, 64, 120),
        1,
        WHITE,
    )
    canvas.text((middle, h * 0.245), "fine sea salt", Face.SERIF_ITALIC, h * 0.055, (200, 70, 40))
    burst(canvas, (middle + h * 0.19, h * 0.33), h * 0.07, (240, 150, 40), WHITE, ("SUN", "DRIED"))
    canvas.text((middle, h * 0.90), "1 kg \u212e  with iodine", Face.BOLD, h * 0.042, WHITE)
    tin_back(
        canvas,
        studio,
        "salina-salt",
        "sea salt, potassium iodate",
        "1 kg",
        (14, 64, 120),
        Face.SERIF,
    )
    return Tin(
        width, height, rimmed(canvas.finish()), metal_lid(studio, width, (30, 96, 156)), gloss=0.3
    )


def _sailboat(canvas: Canvas, centre: tuple[float, float], size: float) -> None:
    x, y = centre
    for corners, colour in (
        (((0.04, -0.62), (0.04, 0.22), (0.62, 0.22)), (226, 84, 40)),
        (((-0.04, -0.5), (-0.04, 0.22), (-0.46, 0.22)), (250, 214, 150)),
        (((-0.6, 0.28), (0.68, 0.28), (0.45, 0.52), (-0.42, 0.52)), (96, 52, 30)),
    ):
        blob(
            canvas, [(x + a * size, y + b * size) for a, b in corners], colour, puff=0.6, rounding=0
        )
    canvas.line([(x, y - size * 0.66), (x, y + size * 0.28)], (70, 40, 24), 3)
