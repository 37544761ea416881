"""A surface to print on: shapes, lettering and pasted pictures, smooth at every edge."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from training.render.paint.arrays import as_uint8
from training.render.paint.fonts import Face, FontSet

Colour = tuple[int, int, int]
Point = tuple[float, float]

# Pillow draws shapes without smoothing: draw at twice the size, halve at the end.
_FINE = 2


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return the colour at `share` of the way from the first to the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


class Canvas:
    """One printed face.

    Args:
        width: pixels of the finished face.
        height: pixels of the finished face.
        colour: of the empty face.
        fonts: for lettering.
    """

    def __init__(self, width: int, height: int, colour: Colour, fonts: FontSet) -> None:
        self.width = width
        self.height = height
        self._fonts = fonts
        self._image = Image.new("RGB", (width * _FINE, height * _FINE), colour)
        self._draw = ImageDraw.Draw(self._image, "RGBA")

    def finish(self) -> NDArray[np.uint8]:
        """Return the face as (height, width, 3) RGB."""
        fine = np.asarray(self._image)
        return as_uint8(cv2.resize(fine, (self.width, self.height), interpolation=cv2.INTER_AREA))

    def gradient(self, top: Colour, bottom: Colour, angle: float = 90.0) -> None:
        """Fill everything with a blend along a direction (degrees; 90 is downwards)."""
        across, down = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        # A blend is smooth: a coarse one, enlarged, looks the same.
        x, y = np.meshgrid(np.linspace(-0.5, 0.5, 96), np.linspace(-0.5, 0.5, 96))
        share = np.clip(x * across + y * down + 0.5, 0, 1)[..., None]
        blend = (np.array(top) * (1 - share) + np.array(bottom) * share).astype(np.float32)
        large = cv2.resize(blend, (self.width * _FINE, self.height * _FINE))
        self._image.paste(Image.fromarray(np.round(large).astype(np.uint8)))

    def polygon(self, points: Sequence[Point], fill: Colour, alpha: int = 255) -> None:
        """Draw a filled polygon."""
        self._draw.polygon([(x * _FINE, y * _FINE) for x, y in points], fill=(*fill, alpha))

    def line(self, points: Sequence[Point], fill: Colour, width: float, alpha: int = 255) -> None:
        """Draw an open line with round joints."""
        self._draw.line(
            [(x * _FINE, y * _FINE) for x, y in points],
            fill=(*fill, alpha),
            width=max(round(width * _FINE), 1),
            joint="curve",
        )

    def ellipse(self, centre: Point, radii: Point, fill: Colour, alpha: int = 255) -> None:
        """Draw a filled ellipse."""
        (x, y), (rx, ry) = centre, radii
        box = ((x - rx) * _FINE, (y - ry) * _FINE, (x + rx) * _FINE, (y + ry) * _FINE)
        self._draw.ellipse(box, fill=(*fill, alpha))

    def ring(self, centre: Point, radii: Point, colour: Colour, width: float) -> None:
        """Draw the outline of an ellipse."""
        (x, y), (rx, ry) = centre, radii
        box = ((x - rx) * _FINE, (y - ry) * _FINE, (x + rx) * _FINE, (y + ry) * _FINE)
        self._draw.ellipse(box, outline=colour, width=max(round(width * _FINE), 1))

    def rounded(
        self,
        box: tuple[float, float, float, float],
        radius: float,
        fill: Colour | None,
        outline: Colour | None = None,
        width: float = 0.0,
        alpha: int = 255,
    ) -> None:
        """Draw a rectangle (left, top, right, bottom) with rounded corners."""
        left, top, right, bottom = (value * _FINE for value in box)
        self._draw.rounded_rectangle(
            (left, top, right, bottom),
            radius * _FINE,
            fill=(*fill, alpha) if fill else None,
            outline=outline,
            width=round(width * _FINE),
        )

    def text_width(self, text: str, face: Face, size: float) -> float:
        """Return the pixels that a line takes."""
        return float(self._fonts.font(face, size * _FINE).getlength(text)) / _FINE

    def text(
        self,
        at: Point,
        text: str,
        face: Face,
        size: float,
        fill: Colour,
        anchor: str = "mm",
        stroke: float = 0.0,
        stroke_fill: Colour | None = None,
    ) -> None:
        """Draw one line of text; `anchor` as in Pillow."""
        self._draw.text(
            (at[0] * _FINE, at[1] * _FINE),
            text,
            font=self._fonts.font(face, size * _FINE),
            fill=fill,
            anchor=anchor,
            stroke_width=round(stroke * _FINE),
            stroke_fill=stroke_fill,
        )

    def fitted(
        self,
        box: tuple[float, float, float, float],
        text: str,
        face: Face,
        fill: Colour,
        stroke: float = 0.0,
        stroke_fill: Colour | None = None,
        angle: float = 0.0,
    ) -> None:
        """Draw one line stretched to fill a box (left, top, right, bottom), turned by degrees."""
        left, top, right, bottom = box
        sprite = self._lettering(text, face, bottom - top, fill, stroke, stroke_fill)
        size = (max(round(right - left), 1), max(round(bottom - top), 1))
        self.paste(sprite, ((left + right) / 2, (top + bottom) / 2), size, angle)

    def arched(
        self,
        centre: Point,
        radius: float,
        text: str,
        face: Face,
        size: float,
        fill: Colour,
        middle: float = -90.0,
    ) -> None:
        """Draw lettering along a circle, its middle at an angle in degrees (-90 is the top)."""
        inward = middle > 0
        widths = [self.text_width(letter, face, size) * 1.06 for letter in text]
        position = -sum(widths) / 2
        for letter, width in zip(text, widths, strict=True):
            offset = np.degrees((position + width / 2) / radius)
            angle = np.radians(middle - offset if inward else middle + offset)
            at = (centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle))
            turn = np.degrees(angle) + (-90 if inward else 90)
            sprite = self._lettering(letter, face, size, fill, 0.0, None, trimmed=False)
            shape = (sprite.shape[1] / _FINE, sprite.shape[0] / _FINE)
            self.paste(sprite, at, (max(round(shape[0]), 1), max(round(shape[1]), 1)), -turn)
            position += width

    def paragraph(
        self,
        box: tuple[float, float, float, float],
        text: str,
        face: Face,
        size: float,
        fill: Colour,
        spacing: float = 1.25,
    ) -> float:
        """Wrap words into a box, cut where it ends; return the bottom of the last line."""
        left, top, right, bottom = box
        y, line = top, ""
        for word in [*text.split(), ""]:
            longer = f"{line} {word}".strip()
            if word and self.text_width(longer, face, size) <= right - left:
                line = longer
                continue
            if y + size > bottom:
                break
            self.text((left, y), line, face, size, fill, anchor="la")
            y, line = y + size * spacing, word
        return y

    def paste(
        self,
        sprite: NDArray[np.uint8],
        centre: Point,
        size: tuple[int, int] | None = None,
        angle: float = 0.0,
        shadow: float = 0.0,
    ) -> None:
        """Put an (h, w, 4) picture down, turned by degrees, over a soft shadow of that strength."""
        width, height = size or (sprite.shape[1], sprite.shape[0])
        fine = cv2.resize(
            sprite, (max(width * _FINE, 1), max(height * _FINE, 1)), interpolation=cv2.INTER_AREA
        )
        picture = Image.fromarray(fine)
        if angle:
            picture = picture.rotate(angle, Image.Resampling.BICUBIC, expand=True)
        at = (
            round(centre[0] * _FINE - picture.width / 2),
            round(centre[1] * _FINE - picture.height / 2),
        )
        if shadow > 0:
            self._cast_shadow(picture, at, shadow)
        self._image.paste(picture, at, picture)

    def _cast_shadow(self, picture: Image.Image, at: tuple[int, int], strength: float) -> None:
        alpha = np.asarray(picture.getchannel("A"))
        reach = max(picture.width // 14, 2)
        soft = cv2.GaussianBlur(
            cv2.copyMakeBorder(alpha, reach, reach, reach, reach, cv2.BORDER_CONSTANT),
            (0, 0),
            reach / 2,
        )
        mask = Image.fromarray((soft * strength).astype(np.uint8))
        corner = (at[0] - reach + reach // 2, at[1] - reach + reach)
        self._image.paste((20, 12, 8), corner, mask)

    def _lettering(
        self,
        text: str,
        face: Face,
        size: float,
        fill: Colour,
        stroke: float,
        stroke_fill: Colour | None,
        *,
        trimmed: bool = True,
    ) -> NDArray[np.uint8]:
        font = self._fonts.font(face, size * _FINE * 1.4 if trimmed else size * _FINE)
        width = round(stroke * _FINE)
        box = font.getbbox(text, stroke_width=width)
        left, top, right, bottom = (int(value) for value in box)
        if not trimmed:
            top, bottom = 0, round(size * _FINE * 1.25)
        picture = Image.new(
            "RGBA", (right - left + 2, bottom - top + 2), (*(stroke_fill or fill), 0)
        )
        ImageDraw.Draw(picture).text(
            (1 - left, 1 - top),
            text,
            font=font,
            fill=fill,
            stroke_width=width,
            stroke_fill=stroke_fill,
        )
        return np.asarray(picture)
