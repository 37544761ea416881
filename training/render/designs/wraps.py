"""Parts that tins and pouches share: lids, the back of a label, pressed seams."""

import numpy as np
from numpy.typing import NDArray

from training.render.designs.facts import draw_barcode, draw_ingredients, draw_table
from training.render.designs.studio import Studio
from training.render.paint.arrays import as_uint8
from training.render.paint.canvas import Canvas, Colour, mix
from training.render.paint.fonts import Face
from training.render.paint.sprites import noise


def metal_lid(studio: Studio, width: float, colour: Colour = (196, 200, 204)) -> NDArray[np.uint8]:
    """Draw a round lid with its beads and a ring to pull."""
    canvas = studio.face(width, width, colour)
    side = canvas.width
    centre = (side / 2, side / 2)
    for radius, share in (
        (0.49, 0.25),
        (0.45, 0.0),
        (0.40, 0.3),
        (0.385, 0.05),
        (0.25, 0.2),
        (0.24, 0.06),
    ):
        canvas.ellipse(centre, (side * radius, side * radius), mix(colour, (70, 72, 76), share))
    canvas.ring(
        (side / 2, side * 0.36),
        (side * 0.07, side * 0.09),
        mix(colour, (40, 42, 44), 0.5),
        side * 0.03,
    )
    return canvas.finish()


def rimmed(label: NDArray[np.uint8], metal: Colour = (186, 190, 196)) -> NDArray[np.uint8]:
    """Draw the seamed metal edges above and below a tin's label."""
    height = label.shape[0]
    rim = max(round(height * 0.026), 3)
    profile = 0.62 + 0.5 * np.sin(np.linspace(0.2, np.pi - 0.2, rim)) ** 2
    band = (profile[:, None, None] * np.asarray(metal, np.float64)).clip(0, 255)
    ringed = label.copy()
    ringed[:rim] = band
    ringed[-rim:] = band
    ringed[rim : rim + 2] //= 2
    ringed[-rim - 2 : -rim] //= 2
    return ringed


def tin_back(
    canvas: Canvas,
    studio: Studio,
    product_id: str,
    ingredients: str,
    weight: str,
    ink: Colour,
    face: Face,
    richness: float = 1.0,
) -> None:
    """Draw nutrition table, ingredients and barcode where a label's ends meet behind a tin."""
    w, h = canvas.width, canvas.height
    paper: Colour = (250, 248, 240) if sum(ink) < 380 else (26, 26, 30)
    facts = studio.facts(product_id, product_id, ingredients, weight, richness)
    canvas.rounded((w * 0.01, h * 0.12, w * 0.17, h * 0.88), 6, paper, alpha=225)
    canvas.rounded((w * 0.83, h * 0.12, w * 0.99, h * 0.88), 6, paper, alpha=225)
    draw_table(canvas, (w * 0.02, h * 0.15, w * 0.16, h * 0.85), facts, ink, paper, face)
    draw_ingredients(canvas, (w * 0.84, h * 0.15, w * 0.98, h * 0.58), facts, ink, face)
    draw_barcode(canvas, (w * 0.84, h * 0.62, w * 0.98, h * 0.85), facts.digits)


def crimped(front: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw pressed seals at both ends and the creases of a soft film."""
    height, width = front.shape[:2]
    picture = front.astype(np.float32)
    ends = round(height * 0.042)
    ribs = 1 + 0.16 * np.sin(np.arange(ends) / ends * 2 * np.pi * 5)[:, None, None]
    picture[:ends] *= ribs
    picture[-ends:] *= ribs
    creases = noise((height, width), width / 5, rng) + 0.6 * noise((height, width), width / 11, rng)
    edge = np.abs(np.linspace(-1, 1, height, dtype=np.float32))[:, None] ** 3
    relief = np.gradient(creases * (0.35 + edge), axis=1) * width / 60
    film = picture * (1 + relief[..., None]) + relief[..., None] * 26
    return as_uint8(np.clip(film, 0, 255))
