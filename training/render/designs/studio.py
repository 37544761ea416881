"""The tools of a package's designer: fonts, random streams, blank faces."""

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.render.designs.facts import (
    Facts,
    draw_barcode,
    draw_ingredients,
    draw_square_code,
    draw_table,
    draw_weight,
    make_digits,
    make_rows,
)
from training.render.paint.canvas import Canvas, Colour
from training.render.paint.fonts import Face, FontSet
from training.render.paint.ornaments import recycling
from training.render.paint.solids import Carton

PIXELS_PER_METRE = 3400


@dataclass(frozen=True, slots=True)
class Studio:
    """Blank faces and reproducible chance.

    Attributes:
        fonts: for lettering.
        seed: two studios of one seed print the same packages.
    """

    fonts: FontSet
    seed: int

    def fresh_rng(self, *names: str) -> np.random.Generator:
        """Return a random stream of its own for a name."""
        return np.random.default_rng([self.seed, *(zlib.crc32(name.encode()) for name in names)])

    def facts(
        self, product_id: str, brand: str, ingredients: str, weight: str, richness: float = 1.0
    ) -> Facts:
        """Return the small print: the figures are the brand's, the barcode the product's own."""
        return Facts(
            make_digits(self.fresh_rng("digits", product_id)),
            f"https://example.com/p/{product_id}",
            make_rows(richness, self.fresh_rng("rows", brand)),
            ingredients,
            weight,
        )

    def face(self, width: float, height: float, colour: Colour) -> Canvas:
        """Return a blank face of that many metres."""
        pixels = (round(width * PIXELS_PER_METRE), round(height * PIXELS_PER_METRE))
        return Canvas(*pixels, colour, self.fonts)


@dataclass(frozen=True, slots=True)
class SidePlan:
    """The look of a carton's side.

    Attributes:
        paper: background.
        ink: of the small print.
        band: of the strip with the brand.
        band_ink: lettering in that strip.
        brand: lettering.
        brand_face: its typeface.
        face: of the small print.
        order: parts from top to bottom: t(able), i(ngredients), b(arcode), q (square code).
    """

    paper: Colour
    ink: Colour
    band: Colour
    band_ink: Colour
    brand: str
    brand_face: Face
    face: Face
    order: str = "tib"


_HEIGHTS = {"t": 0.34, "i": 0.26, "b": 0.15, "q": 0.0}


def draw_side(canvas: Canvas, plan: SidePlan, facts: Facts) -> None:
    """Draw brand strip, nutrition table, ingredients and codes down a narrow face."""
    width, height = canvas.width, canvas.height
    margin = width * 0.07
    band = height * 0.15
    canvas.polygon([(0, 0), (width, 0), (width, band), (0, band)], plan.band)
    stroke = min(width * 0.8, canvas.text_width(plan.brand, plan.brand_face, band * 0.6))
    box = (width / 2 - stroke / 2, band * 0.25, width / 2 + stroke / 2, band * 0.75)
    canvas.fitted(box, plan.brand, plan.brand_face, plan.band_ink)
    share = sum(_HEIGHTS[part] for part in plan.order)
    room = height - band - margin
    y = band + margin * 0.6
    for part in plan.order:
        tall = room * (0.93 - (0.0 if "q" not in plan.order else 0.2)) * _HEIGHTS[part] / share
        if part == "q":
            tall = min(room * 0.2, width * 0.5)
        _draw_part(canvas, part, (margin, y, width - margin, y + tall), plan, facts)
        y += tall + margin * 0.5


def _draw_part(
    canvas: Canvas, part: str, box: tuple[float, float, float, float], plan: SidePlan, facts: Facts
) -> None:
    left, top, right, bottom = box
    if part == "t":
        draw_table(canvas, box, facts, plan.ink, plan.paper, plan.face)
    elif part == "i":
        draw_ingredients(canvas, box, facts, plan.ink, plan.face)
    elif part == "b":
        draw_barcode(canvas, box, facts.digits)
    else:
        side = bottom - top
        draw_square_code(canvas, (left, top, left + side, bottom), facts.link)
        middle = (left + side + right) / 2
        recycling(canvas, (middle, top + side * 0.3), side * 0.16, plan.ink)
        draw_weight(canvas, (middle, top + side * 0.75), facts, side * 0.15, plan.ink)


def folded(
    studio: Studio,
    size: tuple[float, float, float],
    front: Canvas,
    plan: SidePlan,
    facts: Facts,
    top_paper: Colour,
    top_ink: Colour,
    gloss: float = 0.35,
) -> Carton:
    """Return a carton of (width, height, depth) metres with its side and top drawn."""
    width, height, depth = size
    side = studio.face(depth, height, plan.paper)
    draw_side(side, plan, facts)
    top = studio.face(width, depth, top_paper)
    _draw_top(top, plan, top_ink)
    faces = [_worn(canvas.finish()) for canvas in (front, side, top)]
    return Carton(width, height, depth, faces[0], faces[1], faces[2], gloss)


def _draw_top(canvas: Canvas, plan: SidePlan, ink: Colour) -> None:
    w, h = canvas.width, canvas.height
    canvas.line([(0, h * 0.5), (w, h * 0.5)], (255, 255, 255), 1.2, alpha=70)
    size = min(h * 0.34, w / max(len(plan.brand), 1))
    canvas.text((w / 2, h * 0.28), plan.brand, plan.brand_face, size, ink)
    canvas.text((w / 2, h * 0.76), "BEST BEFORE  14 NOV  L2207", Face.MONO, h * 0.13, ink)


def _worn(face: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The pale, rubbed edge that every folded board has."""
    worn = face.astype(np.float32)
    for inset, share in ((0, 0.34), (1, 0.26), (2, 0.14), (3, 0.06)):
        edge = np.zeros(face.shape[:2], bool)
        edge[inset : face.shape[0] - inset, inset : face.shape[1] - inset] = True
        edge[inset + 1 : -inset - 1, inset + 1 : -inset - 1] = False
        worn[edge] += (245 - worn[edge]) * share
    return worn.astype(np.uint8)
