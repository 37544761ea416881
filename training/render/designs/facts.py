"""Small print: barcodes, square codes, nutrition tables, ingredients."""

from dataclasses import dataclass

import barcode
import numpy as np
import qrcode
from numpy.typing import NDArray

from training.render.paint.canvas import Canvas, Colour
from training.render.paint.fonts import Face

Frame = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Facts:
    """The small print of one product.

    Attributes:
        digits: 12 digits of its EAN-13, without the check digit.
        link: the text in its square code.
        rows: name and value per line of the nutrition table.
        ingredients: running text.
        weight: net content.
    """

    digits: str
    link: str
    rows: tuple[tuple[str, str], ...]
    ingredients: str
    weight: str


def make_rows(richness: float, rng: np.random.Generator) -> tuple[tuple[str, str], ...]:
    """Return lines of a nutrition table; `richness` is about 1 for dry food, 0 for water."""
    fat, starch, sugar, fibre, protein = (float(v) * richness for v in rng.uniform(0.4, 36, 5))
    energy = round(37 * fat + 17 * (starch + sugar + protein / 2) + 2 * fibre)
    return (
        ("Energy", f"{energy} kJ / {round(energy / 4.184)} kcal"),
        ("Fat", f"{fat:.1f} g"),
        ("of which saturates", f"{fat * 0.31:.1f} g"),
        ("Carbohydrate", f"{starch + sugar:.1f} g"),
        ("of which sugars", f"{sugar:.1f} g"),
        ("Fibre", f"{fibre / 4:.1f} g"),
        ("Protein", f"{protein / 2:.1f} g"),
        ("Salt", f"{float(rng.uniform(0, 1.9)):.2f} g"),
    )


def make_digits(rng: np.random.Generator) -> str:
    """Return the 12 figures of a shop-internal EAN-13 (prefix 200: never a real product's)."""
    return "200" + "".join(str(digit) for digit in rng.integers(0, 10, 9))


def draw_barcode(canvas: Canvas, box: Frame, digits: str) -> None:
    """Draw an EAN-13 on a white field, with its figures below."""
    left, top, right, bottom = box
    code = barcode.get("ean13", digits)
    bars: str = code.build()[0]
    canvas.rounded(box, 3, (255, 255, 255))
    quiet = 9
    module = (right - left) / (len(bars) + 2 * quiet)
    foot = (bottom - top) * 0.2
    for index, bar in enumerate(bars):
        if bar == "1":
            x = left + (index + quiet) * module
            corners = [(x, top + 5), (x + module, top + 5)]
            corners += [(x + module, bottom - foot), (x, bottom - foot)]
            canvas.polygon(corners, (10, 10, 12))
    middle = ((left + right) / 2, bottom - foot * 0.52)
    canvas.text(middle, f"{code.get_fullcode()}", Face.MONO, foot * 0.72, (10, 10, 12))


def draw_square_code(canvas: Canvas, box: Frame, text: str) -> None:
    """Draw a QR code on a white field."""
    code = qrcode.QRCode(border=2)
    code.add_data(text)
    code.make(fit=True)
    modules: NDArray[np.bool_] = np.array(code.get_matrix(), dtype=bool)
    left, top, right, _ = box
    grey = np.where(modules, 15, 255).astype(np.uint8)
    scale = max(int(2 * (right - left) / len(grey)), 1)
    large = np.kron(grey, np.ones((scale, scale), np.uint8))
    picture = np.dstack([large, large, large, np.full_like(large, 255)])
    side = max(round(right - left), 1)
    canvas.paste(picture, (left + side / 2, top + side / 2), (side, side))


def draw_table(
    canvas: Canvas,
    box: Frame,
    facts: Facts,
    ink: Colour,
    paper: Colour,
    face: Face,
    title: str = "Nutrition per 100 g",
) -> None:
    """Draw a ruled nutrition table."""
    left, top, right, bottom = box
    canvas.rounded(box, 5, paper, ink, 1.5)
    step = (bottom - top) / (len(facts.rows) + 1.3)
    canvas.polygon(
        [(left, top), (right, top), (right, top + step * 1.2), (left, top + step * 1.2)], ink
    )
    size = min(step * 0.62, (right - left) / 17)
    canvas.text((left + 6, top + step * 0.6), title, Face.BOLD, size, paper, anchor="lm")
    for index, (name, value) in enumerate(facts.rows):
        y = top + step * (index + 1.2)
        indent = 14 if name.startswith("of") else 6
        canvas.text((left + indent, y + step / 2), name, face, size, ink, anchor="lm")
        canvas.text((right - 6, y + step / 2), value, face, size, ink, anchor="rm")
        if index:
            canvas.line([(left, y), (right, y)], ink, 0.7, alpha=150)


def draw_ingredients(canvas: Canvas, box: Frame, facts: Facts, ink: Colour, face: Face) -> None:
    """Draw ingredients and storage advice as text, as large as the box allows."""
    left, top, right, bottom = box
    advice = "Store in a cool, dry place. Best before: see top of pack. Please recycle."
    text = f"Ingredients: {facts.ingredients}. {advice} Made for Demo Foods Ltd, Example Road 1."
    longest = max(text.split(), key=len)
    size = min((bottom - top) / 3, 26.0)
    while size > 7 and (
        canvas.text_width(text, face, size) * 1.12 / (right - left) * size * 1.25 > bottom - top
        or canvas.text_width(longest, face, size) > right - left
    ):
        size *= 0.94
    canvas.paragraph(box, text, face, size, ink)


def draw_weight(
    canvas: Canvas,
    at: tuple[float, float],
    facts: Facts,
    size: float,
    ink: Colour,
    anchor: str = "mm",
) -> None:
    """Draw net content with the estimated sign."""
    canvas.text(at, f"{facts.weight} \u212e", Face.BOLD, size, ink, anchor=anchor)
