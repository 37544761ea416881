"""Patterns, emblems and badges that printers put around a picture."""

from collections.abc import Callable, Sequence

import numpy as np

from training.render.paint.canvas import Canvas, Colour, Point
from training.render.paint.fonts import Face
from training.render.paint.sprites import inflate, polygon_mask

Random = np.random.Generator


def rays(canvas: Canvas, centre: Point, colour: Colour, count: int, alpha: int = 60) -> None:
    """Draw a sunburst over the whole face."""
    reach = 2.0 * max(canvas.width, canvas.height)
    for index in range(count):
        angles = np.array([index, index + 0.5]) / count * 2 * np.pi
        corners = [(centre[0] + reach * np.cos(a), centre[1] + reach * np.sin(a)) for a in angles]
        canvas.polygon([centre, *corners], colour, alpha)


def stripes(
    canvas: Canvas,
    top: float,
    bottom: float,
    colour: Colour,
    step: float,
    slant: float,
    alpha: int = 255,
) -> None:
    """Draw slanted stripes between two heights."""
    shift = (bottom - top) * slant
    for x in np.arange(-abs(shift) - step, canvas.width + abs(shift) + step, step):
        left, right = float(x), float(x) + step / 2
        corners = [(left, top), (right, top), (right + shift, bottom), (left + shift, bottom)]
        canvas.polygon(corners, colour, alpha)


def dots(
    canvas: Canvas, top: float, bottom: float, colour: Colour, step: float, alpha: int
) -> None:
    """Draw staggered dots that shrink from top to bottom."""
    rows = np.arange(top, bottom, step)
    for row, y in enumerate(rows):
        radius = step * 0.36 * (1 - 0.75 * row / max(len(rows), 1))
        for x in np.arange((row % 2) * step / 2, canvas.width + step, step):
            canvas.ellipse((float(x), float(y)), (radius, radius), colour, alpha)


def hexagons(canvas: Canvas, top: float, bottom: float, colour: Colour, size: float) -> None:
    """Draw a honeycomb of lines."""
    for row, y in enumerate(np.arange(top, bottom + size, size * 1.5)):
        for x in np.arange((row % 2) * size * 0.866, canvas.width + size, size * 1.732):
            angles = np.radians(np.arange(30, 391, 60))
            corners = [(x + size * np.cos(a), y + size * np.sin(a)) for a in angles]
            canvas.line(corners, colour, 1.6, alpha=120)
            canvas.ellipse((float(x), float(y)), (size * 0.2, size * 0.2), colour, 90)


def wave(
    canvas: Canvas,
    height: float,
    swing: float,
    cycles: float,
    phase: float,
    colour: Colour,
    alpha: int = 255,
) -> None:
    """Fill everything below a wavy line."""
    x = np.linspace(0, canvas.width, 60)
    y = height + swing * np.sin(x / canvas.width * cycles * 2 * np.pi + phase)
    line = [(float(a), float(b)) for a, b in zip(x, y, strict=True)]
    corners = [(canvas.width, canvas.height), (0, canvas.height)]
    canvas.polygon([*line, *corners], colour, alpha)


def mountains(canvas: Canvas, foot: float, height: float, colour: Colour, rng: Random) -> None:
    """Draw a jagged ridge with snow on its peaks."""
    peaks = np.sort(rng.uniform(0.05, 0.95, 4)) * canvas.width
    for index, peak in enumerate(peaks):
        tall = height * (0.62 + 0.38 * ((index * 7) % 4) / 3)
        half = tall * rng.uniform(0.75, 1.0)
        shade = tuple(round(value * (0.8 + 0.12 * (index % 3))) for value in colour)
        top = (float(peak), foot - tall)
        canvas.polygon(
            [top, (peak + half, foot), (peak - half, foot)], (shade[0], shade[1], shade[2])
        )
        _snow(canvas, top, half, tall)


def _snow(canvas: Canvas, top: Point, half: float, tall: float) -> None:
    edge = [(0.30, 0.30), (0.16, 0.25), (0.08, 0.38), (-0.04, 0.27), (-0.13, 0.36), (-0.30, 0.30)]
    corners = [(top[0] + half * x, top[1] + tall * y) for x, y in edge]
    canvas.polygon([top, *corners], (246, 250, 255))


def star_points(centre: Point, outer: float, inner: float, points: int) -> list[Point]:
    """Return the corners of a star."""
    angles = np.arange(2 * points) / points * np.pi - np.pi / 2
    reach = np.where(np.arange(2 * points) % 2 == 0, outer, inner)
    return [
        (centre[0] + float(r * np.cos(a)), centre[1] + float(r * np.sin(a)))
        for a, r in zip(angles, reach, strict=True)
    ]


def burst(
    canvas: Canvas, centre: Point, radius: float, fill: Colour, ink: Colour, lines: tuple[str, ...]
) -> None:
    """Draw a jagged badge with a few words."""
    canvas.polygon(
        star_points((centre[0] + 3, centre[1] + 4), radius, radius * 0.86, 18), (0, 0, 0), 70
    )
    canvas.polygon(star_points(centre, radius, radius * 0.86, 18), fill)
    canvas.ring(centre, (radius * 0.78, radius * 0.78), ink, 1.5)
    _stack(canvas, centre, radius, ink, lines)


def seal(
    canvas: Canvas,
    centre: Point,
    radius: float,
    fill: Colour,
    ink: Colour,
    around: str,
    lines: tuple[str, ...],
) -> None:
    """Draw a round seal with lettering along its edge."""
    canvas.ellipse(centre, (radius, radius), fill)
    canvas.ring(centre, (radius * 0.95, radius * 0.95), ink, 1.5)
    canvas.ring(centre, (radius * 0.66, radius * 0.66), ink, 1.2)
    canvas.arched(centre, radius * 0.79, around, Face.BOLD, radius * 0.2, ink)
    _stack(canvas, centre, radius * 0.8, ink, lines)


def _stack(
    canvas: Canvas, centre: Point, radius: float, ink: Colour, lines: tuple[str, ...]
) -> None:
    step = radius * 1.0 / max(len(lines), 2)
    for index, line in enumerate(lines):
        y = centre[1] + (index - (len(lines) - 1) / 2) * step
        width = min(radius * 1.15, canvas.text_width(line, Face.BOLD, step * 0.85))
        box = (centre[0] - width / 2, y - step * 0.36, centre[0] + width / 2, y + step * 0.36)
        canvas.fitted(box, line, Face.BOLD, ink)


def ribbon(
    canvas: Canvas,
    box: tuple[float, float, float, float],
    fill: Colour,
    ink: Colour,
    text: str,
    face: Face = Face.BOLD,
) -> None:
    """Draw a ribbon with swallow tails and one line of text."""
    left, top, right, bottom = box
    dark: Colour = (fill[0] * 6 // 10, fill[1] * 6 // 10, fill[2] * 6 // 10)
    tail, drop = (bottom - top) * 0.55, (bottom - top) * 0.2
    for x, way in ((left, -1), (right, 1)):
        middle = (top + bottom) / 2 + drop
        corners = [(x - way * tail, top + drop), (x + way * tail, top + drop)]
        corners += [(x + way * tail * 0.55, middle), (x + way * tail, bottom + drop)]
        canvas.polygon([*corners, (x - way * tail, bottom + drop)], dark)
    canvas.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], fill)
    line = (bottom - top) * 0.08
    for y in (top + line * 1.5, bottom - line * 1.5):
        canvas.line([(left + 4, y), (right - 4, y)], ink, 1.2, alpha=150)
    margin = (bottom - top) * 0.24
    width = min(right - left - 2 * margin, canvas.text_width(text, face, (bottom - top) * 0.62))
    middle = (left + right) / 2
    canvas.fitted(
        (middle - width / 2, top + margin, middle + width / 2, bottom - margin), text, face, ink
    )


def shield(canvas: Canvas, centre: Point, size: float, fill: Colour, edge: Colour) -> None:
    """Draw a heraldic shield."""
    outline = [(-0.5, -0.55), (0, -0.48), (0.5, -0.55), (0.5, 0.02), (0.36, 0.34), (0, 0.6)]
    outline += [(-0.36, 0.34), (-0.5, 0.02)]
    for scale, colour in ((1.0, edge), (0.9, fill)):
        corners = [(centre[0] + x * size * scale, centre[1] + y * size * scale) for x, y in outline]
        canvas.polygon(corners, colour)


def recycling(canvas: Canvas, centre: Point, size: float, ink: Colour) -> None:
    """Draw three chasing arrows."""
    for turn in range(3):
        angles = np.radians(np.linspace(0, 80, 10) + turn * 120)
        path = [(centre[0] + size * np.cos(a), centre[1] + size * np.sin(a)) for a in angles]
        canvas.line(path, ink, size * 0.3)
        tip, flat = angles[-1] + 0.5, angles[-1]
        corners = [
            (centre[0] + size * r * np.cos(a), centre[1] + size * r * np.sin(a))
            for a, r in ((tip, 1.0), (flat, 1.45), (flat, 0.55))
        ]
        canvas.polygon(corners, ink)


def blob(
    canvas: Canvas,
    points: Sequence[Point],
    colour: Colour,
    *,
    puff: float = 0.9,
    gloss: float = 0.35,
    rounding: int = 2,
    shadow: float = 0.0,
) -> None:
    """Draw a plump shape; its corners are cut round `rounding` times."""
    outline = np.array(points, dtype=np.float64)
    for _ in range(rounding):
        following = np.roll(outline, -1, axis=0)
        pair = np.stack([0.75 * outline + 0.25 * following, 0.25 * outline + 0.75 * following], 1)
        outline = pair.reshape(-1, 2)
    low, high = outline.min(axis=0) - 2, outline.max(axis=0) + 2
    width, height = (max(round(float(side)), 2) for side in high - low)
    mask = polygon_mask(width * 2, height * 2, (outline - low) * 2)
    middle = (float(low[0] + high[0]) / 2, float(low[1] + high[1]) / 2)
    canvas.paste(inflate(mask, colour, puff=puff, gloss=gloss), middle, (width, height), 0, shadow)


def scattered(
    canvas: Canvas,
    draw: Callable[[Point, float], None],
    count: int,
    sizes: tuple[float, float],
    rng: Random,
) -> None:
    """Draw the same small thing here and there over the whole face."""
    for _ in range(count):
        at = (float(rng.uniform(0, canvas.width)), float(rng.uniform(0, canvas.height)))
        draw(at, float(rng.uniform(*sizes)))
