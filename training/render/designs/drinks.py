"""Designs: tea, milk, coffee."""

import numpy as np

from training.render.designs.studio import SidePlan, Studio, folded
from training.render.designs.wraps import metal_lid, rimmed, tin_back
from training.render.paint import food
from training.render.paint.canvas import Canvas, Colour
from training.render.paint.fonts import Face
from training.render.paint.ornaments import (
    blob,
    burst,
    hexagons,
    mountains,
    seal,
    shield,
    stripes,
    wave,
)
from training.render.paint.solids import Carton, Tin
from training.render.paint.sprites import closed_curve

WHITE: Colour = (255, 255, 255)


def tea(studio: Studio) -> Carton:
    """Draw TARN & MOSS tea."""
    size = (0.17, 0.12, 0.075)
    canvas = studio.face(size[0], size[1], (24, 40, 66))
    canvas.gradient((36, 62, 92), (14, 24, 44))
    w, h = canvas.width, canvas.height
    hexagons(canvas, 0, h, (196, 160, 88), h * 0.085)
    canvas.rounded((w * 0.30, h * 0.08, w * 0.97, h * 0.92), 10, (246, 238, 218))
    canvas.rounded((w * 0.318, h * 0.11, w * 0.952, h * 0.89), 7, None, (160, 122, 52), 1.8)
    canvas.fitted(
        (w * 0.40, h * 0.17, w * 0.91, h * 0.34), "Tarn & Moss", Face.STIX_ITALIC, (24, 40, 66)
    )
    canvas.line([(w * 0.4, h * 0.40), (w * 0.87, h * 0.40)], (160, 122, 52), 1.6)
    canvas.fitted(
        (w * 0.41, h * 0.45, w * 0.90, h * 0.56), "BERGAMOT EARL", Face.SERIF_BOLD, (150, 60, 26)
    )
    canvas.text(
        (w * 0.645, h * 0.645), "fine black leaf tea", Face.SERIF_ITALIC, h * 0.06, (60, 62, 70)
    )
    canvas.text(
        (w * 0.60, h * 0.77), "50 bags \u2022 125 g \u212e", Face.SANS, h * 0.055, (60, 62, 70)
    )
    side = round(h * 0.66)
    canvas.paste(
        food.cup(260, (244, 240, 230), (142, 74, 26)), (w * 0.18, h * 0.55), (side, side), 0, 0.5
    )
    seal(
        canvas,
        (w * 0.895, h * 0.80),
        h * 0.14,
        (150, 60, 26),
        (250, 232, 190),
        "HAND PICKED",
        ("No", "7"),
    )
    plan = SidePlan(
        (246, 238, 218),
        (24, 40, 66),
        (24, 40, 66),
        (222, 186, 106),
        "Tarn & Moss",
        Face.STIX_ITALIC,
        Face.SERIF,
        "ib",
    )
    facts = studio.facts(
        "tarn-earl", "tarn", "black tea 94 %, bergamot oil 4 %, cornflower petals", "125 g", 0.02
    )
    return folded(studio, size, canvas, plan, facts, (24, 40, 66), (222, 186, 106), 0.3)


def milk(studio: Studio) -> Carton:
    """Draw ALMHORN milk."""
    size = (0.1, 0.205, 0.075)
    canvas = studio.face(size[0], size[1], WHITE)
    canvas.gradient((108, 176, 226), (218, 238, 250))
    w, h = canvas.width, canvas.height
    rng = studio.fresh_rng("almhorn")
    mountains(canvas, h * 0.56, h * 0.25, (92, 116, 150), rng)
    wave(canvas, h * 0.53, h * 0.02, 1.0, 0.4, (112, 168, 72))
    wave(canvas, h * 0.58, h * 0.018, 1.3, 2.2, (84, 142, 58))
    _cow(canvas, (w * 0.30, h * 0.635), w * 0.17)
    _cow(canvas, (w * 0.73, h * 0.60), w * 0.10)
    shield(canvas, (w * 0.5, h * 0.175), w * 0.56, (196, 32, 40), (250, 250, 250))
    canvas.fitted((w * 0.265, h * 0.125, w * 0.735, h * 0.175), "ALMHORN", Face.SERIF_BOLD, WHITE)
    canvas.text((w * 0.5, h * 0.205), "alpine dairy", Face.SERIF_ITALIC, w * 0.062, WHITE)
    wave(canvas, h * 0.735, h * 0.016, 1.5, 0.2, WHITE)
    side = round(w * 0.62)
    canvas.paste(
        food.splash(260, (250, 250, 252), rng), (w * 0.72, h * 0.76), (side, side // 2), 0, 0.2
    )
    canvas.fitted(
        (w * 0.07, h * 0.785, w * 0.66, h * 0.845), "Fresh Milk", Face.STIX_ITALIC, (24, 62, 130)
    )
    canvas.text(
        (w * 0.07, h * 0.878), "3.5 % fat  pasteurised", Face.SANS, w * 0.058, (24, 62, 130), "lm"
    )
    stripes(canvas, h * 0.955, h, (24, 62, 130), w * 0.12, 0.6)
    burst(canvas, (w * 0.84, h * 0.895), w * 0.13, (24, 62, 130), WHITE, ("1 L",))
    canvas.text(
        (w * 0.07, h * 0.922),
        "from hay-fed herds",
        Face.SERIF_ITALIC,
        w * 0.058,
        (196, 32, 40),
        "lm",
    )
    plan = SidePlan(
        (244, 248, 252),
        (24, 62, 130),
        (196, 32, 40),
        WHITE,
        "ALMHORN",
        Face.SERIF_BOLD,
        Face.SANS,
        "btiq",
    )
    facts = studio.facts(
        "almhorn-milk",
        "almhorn",
        "fresh whole cow's milk, pasteurised and homogenised",
        "1 L",
        0.15,
    )
    return folded(studio, size, canvas, plan, facts, (210, 224, 238), (24, 62, 130), 0.4)


def _cow(canvas: Canvas, centre: tuple[float, float], size: float) -> None:
    x, y = centre
    body = [
        (-0.8, -0.4),
        (0.6, -0.45),
        (0.9, -0.75),
        (1.25, -0.5),
        (1.15, -0.2),
        (0.8, -0.1),
        (0.75, 0.75),
        (0.55, 0.75),
        (0.5, 0.15),
        (-0.45, 0.15),
        (-0.5, 0.75),
        (-0.7, 0.75),
        (-0.78, 0.1),
    ]
    blob(canvas, [(x + a * size, y + b * size) for a, b in body], (250, 248, 244), rounding=1)
    for a, b, r in ((-0.5, -0.2, 0.2), (0.1, -0.22, 0.24), (0.62, -0.3, 0.13), (1.0, -0.5, 0.11)):
        canvas.ellipse((x + a * size, y + b * size), (r * size, r * size * 0.75), (56, 40, 34))


def coffee(studio: Studio) -> Tin:
    """Draw NORTHBEAN coffee."""
    width, height = 0.11, 0.165
    canvas = studio.face(width * np.pi, height, (20, 18, 20))
    canvas.gradient((44, 38, 40), (10, 8, 10))
    w, h = canvas.width, canvas.height
    rng = studio.fresh_rng("northbean")
    middle = w / 2
    hexagons(canvas, h * 0.04, h * 0.96, (88, 70, 48), h * 0.07)
    roast = [food.coffee_bean(90), food.coffee_bean(90, (70, 38, 18))]
    canvas.paste(
        food.crowd(roast, (w, round(h * 0.26)), 620, (round(h * 0.075), round(h * 0.105)), rng),
        (middle, h * 0.87),
        (w, round(h * 0.26)),
    )
    for radius, colour in (
        (0.36, (206, 166, 92)),
        (0.327, (26, 22, 24)),
        (0.313, (206, 166, 92)),
        (0.303, (222, 214, 196)),
    ):
        canvas.ellipse((middle, h * 0.41), (h * radius, h * radius), colour)
    _round_landscape(canvas, studio, (middle, h * 0.41), h * 0.303)
    canvas.polygon(
        [
            (middle - h * 0.46, h * 0.45),
            (middle + h * 0.46, h * 0.45),
            (middle + h * 0.46, h * 0.60),
            (middle - h * 0.46, h * 0.60),
        ],
        (150, 30, 34),
    )
    canvas.fitted(
        (middle - h * 0.33, h * 0.475, middle + h * 0.33, h * 0.575),
        "NORTHBEAN",
        Face.STIX,
        (255, 240, 206),
    )
    canvas.fitted(
        (middle - h * 0.20, h * 0.62, middle + h * 0.20, h * 0.675),
        "dark roast",
        Face.SERIF_ITALIC,
        (255, 240, 206),
    )
    canvas.arched(
        (middle, h * 0.41), h * 0.258, "MOUNTAIN GROWN COFFEE", Face.BOLD, h * 0.043, (40, 34, 36)
    )
    tin_back(
        canvas,
        studio,
        "northbean-dark",
        "arabica coffee beans, roasted and ground",
        "500 g",
        (206, 166, 92),
        Face.SANS,
    )
    return Tin(
        width, height, rimmed(canvas.finish()), metal_lid(studio, width, (150, 30, 34)), gloss=0.75
    )


def _round_landscape(
    canvas: Canvas, studio: Studio, centre: tuple[float, float], radius: float
) -> None:
    side = round(radius * 2)
    scene = Canvas(side, side, (250, 226, 170), studio.fonts)
    scene.gradient((255, 196, 120), (252, 238, 206))
    scene.ellipse((side * 0.72, side * 0.34), (side * 0.09, side * 0.09), (250, 120, 60))
    mountains(scene, side * 0.62, side * 0.40, (96, 84, 110), studio.fresh_rng("peaks"))
    wave(scene, side * 0.60, side * 0.02, 2, 0, (60, 92, 70))
    disc = closed_curve(side, lambda a: 0.97 + 0 * a)
    picture = np.dstack([scene.finish(), (disc * 255).astype(np.uint8)])
    canvas.paste(picture, centre, (side, side))
