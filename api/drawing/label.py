"""Labels in pictures: name, probability and track on a small plate, in one bundled typeface."""

import io
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]

PLATE: Final[Colour] = (16, 20, 26)  # background of a label
NAME_INK: Final[Colour] = (255, 255, 255)  # of the name
QUIET_INK: Final[Colour] = (166, 174, 184)  # of the track
PLATE_OPACITY: Final = 0.84  # text stays legible on any picture
SUPERSAMPLING: Final = 4  # times the size, at which round corners are drawn
MAX_CACHED_LABELS: Final = 256  # some megabytes; a frame shows a few dozen
MIN_STEPS: Final = 4  # a label is at least 8 text sizes wide
BUNDLED: Final = "DejaVuSansCondensed-Bold.ttf"
# Files that systems have for scripts that the bundled font lacks.
SYSTEM_FONTS: Final = (
    "DejaVuSans.ttf",
    "NotoSansCJK-Bold.ttc",
    "NotoSansCJK-Regular.ttc",
    "DroidSansFallbackFull.ttf",
    "wqy-microhei.ttc",
    "Hiragino Sans GB.ttc",
    "Arial Unicode.ttf",
    "msyh.ttc",
    "malgun.ttf",
    "NotoSansArabic-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "NotoSansThai-Regular.ttf",
)
NO_CHARACTER: Final = "\U0010ffff"  # is drawn as every font's box for missing characters
ELLIPSIS: Final = "…"


class TextRenderer:
    """Renders single lines of text at one size: the bundled font, or one of the system's."""

    def __init__(self, size: int) -> None:
        """Load the bundled font; others are searched only when a text needs them.

        Args:
            size: about the pixels from the top of an accented capital to the bottom of a g.
        """
        self.size = size
        self._fonts = [ImageFont.truetype(io.BytesIO(_bundled_font()), size)]
        self._untried = list(SYSTEM_FONTS)

    @property
    def height(self) -> int:
        """Height of a line in pixels, the same for every text."""
        ascent, descent = self._fonts[0].getmetrics()
        return ascent + descent

    def width(self, text: str) -> int:
        """Return the width of a text in pixels."""
        return int(np.ceil(self._font_for(text).getlength(text)))

    def shorten(self, text: str, width: int) -> str:
        """Return the text, or its beginning with an ellipsis, to fit into `width` pixels."""
        if self.width(text) <= width:
            return text
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            fits = self.width(text[:middle].rstrip() + ELLIPSIS) <= width
            low, high = (middle, high) if fits else (low, middle - 1)
        return text[:low].rstrip() + ELLIPSIS

    def wrap(self, text: str, width: int) -> list[str]:
        """Return one line if the text fits, else two of about equal length, shortened to fit."""
        words = text.split()
        if self.width(text) <= width or len(words) < 2:
            return [self.shorten(text, width)]
        breaks = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
        fitting = [lines for lines in breaks if self.width(lines[0]) <= width]
        best = min(fitting or breaks[:1], key=lambda lines: max(self.width(x) for x in lines))
        return [self.shorten(line, width) for line in best]

    def mask(self, text: str) -> NDArray[np.float32]:
        """Render a line as a (height, width) float32 mask in [0, 1]."""
        font = self._font_for(text)
        image = Image.new("L", (max(self.width(text), 1), self.height))
        baseline = self._fonts[0].getmetrics()[0]
        ImageDraw.Draw(image).text((0, baseline), text, fill=255, font=font, anchor="ls")
        return np.asarray(image, np.float32) / np.float32(255)

    def _font_for(self, text: str) -> ImageFont.FreeTypeFont:
        """Return the first font that has every character; the bundled one if none has."""
        for font in self._fonts:
            if _covers(font, text):
                return font
        while self._untried:
            other = _system_font(self._untried.pop(0), self.size)
            if other is not None:
                self._fonts.append(other)
                if _covers(other, text):
                    return other
        return self._fonts[0]


def _bundled_font() -> bytes:
    return files("api.drawing").joinpath("fonts", BUNDLED).read_bytes()


def _system_font(name: str, size: int) -> ImageFont.FreeTypeFont | None:
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


def _covers(font: ImageFont.FreeTypeFont, text: str) -> bool:
    missing = _ink(font, NO_CHARACTER)
    return all(
        character.isspace() or character.isascii() or _ink(font, character) != missing
        for character in set(text)
    )


def _ink(font: ImageFont.FreeTypeFont, character: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(character, mode="L")
    return mask.size, bytes(mask)


@dataclass(frozen=True, slots=True)
class LabelText:
    """The text of a label.

    Attributes:
        name: white, wrapped and shortened to the label's width.
        figure: the probability, in the label's colour; may be empty.
        track: grey; may be empty.
        colour: RGB of the stripe and the figure.
    """

    name: str
    figure: str
    track: str
    colour: Colour


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """A rendered label.

    Attributes:
        ink: (H, W, 3) float32, colour times opacity.
        transparency: (H, W, 1) float32 in [0, 1].
    """

    ink: NDArray[np.float32]
    transparency: NDArray[np.float32]

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.ink.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.ink.shape[0])

    def stamp(self, canvas: NDArray[np.uint8], left: int, top: int) -> None:
        """Draw onto an (H, W, 3) uint8 picture, clipped at its edges."""
        place = canvas[top : top + self.height, left : left + self.width]
        rows, columns = place.shape[:2]
        mixed = place * self.transparency[:rows, :columns] + self.ink[:rows, :columns]
        place[:] = np.rint(mixed).astype(np.uint8)


class LabelRenderer:
    """Renders labels at one text size, in pixels; caches some, because frames repeat them."""

    def __init__(self, text_size: int) -> None:
        self._renderer = TextRenderer(text_size)
        self._cache: OrderedDict[tuple[LabelText, int], Label] = OrderedDict()

    def render(self, text: LabelText, width: int) -> Label:
        """Return the label of a text: one line if it fits, else the name above figure and track.

        Args:
            text: of the label.
            width: pixels, the intended width; rounded to steps, so that a box that grows a little
                keeps its label.
        """
        step = 2 * self._renderer.size
        steps = max(width // step, MIN_STEPS)
        label = self._cache.pop((text, steps), None) or self._draw(text, steps * step)
        self._cache[text, steps] = label
        if len(self._cache) > MAX_CACHED_LABELS:
            self._cache.popitem(last=False)
        return label

    def _draw(self, text: LabelText, width: int) -> Label:
        size = self._renderer.size
        stripe, padding, gap = max(size // 4, 3), max(size // 2, 5), max(size // 2, 5)
        rows = [
            [(self._renderer.mask(word), ink) for word, ink in row]
            for row in self._rows(text, width, gap)
        ]
        line, edge = self._renderer.height, max(size // 6, 2)
        inner = max(_row_width(row, gap) for row in rows)
        plate = _Plate(stripe + 2 * padding + inner, line * len(rows) + 2 * edge)
        rounded = _rounded(plate.width, plate.height, max(size // 3, 3))
        plate.blend(rounded * PLATE_OPACITY, PLATE, 0, 0)
        plate.blend(rounded[:, :stripe], text.colour, 0, 0)
        for number, row in enumerate(rows):
            left = stripe + padding
            for mask, ink in row:
                plate.blend(mask, ink, left, edge + number * line)
                left += mask.shape[1] + gap
        return Label(plate.ink, 1 - plate.opacity)

    def _rows(self, text: LabelText, width: int, gap: int) -> list[list[tuple[str, Colour]]]:
        """Return the words of each line; no empty words, no empty lines."""
        figures = [(text.figure, text.colour), (text.track, QUIET_INK)]
        figures = [(word, ink) for word, ink in figures if word]
        taken = sum(gap + self._renderer.width(word) for word, _ in figures)
        if self._renderer.width(text.name) + taken <= width or not figures:
            return [[(self._renderer.shorten(text.name, width), NAME_INK), *figures]]
        names = self._renderer.wrap(text.name, width)
        return [[(name, NAME_INK)] for name in names] + [figures]


class _Plate:
    """A label under construction: (H, W, 3) colour times opacity, (H, W, 1) opacity."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.ink = np.zeros((height, width, 3), np.float32)
        self.opacity = np.zeros((height, width, 1), np.float32)

    def blend(self, mask: NDArray[np.float32], colour: Colour, left: int, top: int) -> None:
        """Blend a colour over the plate where the (h, w) mask covers it."""
        place = (slice(top, top + mask.shape[0]), slice(left, left + mask.shape[1]))
        cover = mask[:, :, None]
        self.ink[place] += cover * (np.array(colour, np.float32) - self.ink[place])
        self.opacity[place] += cover * (1 - self.opacity[place])


def _row_width(row: Sequence[tuple[NDArray[np.float32], Colour]], gap: int) -> int:
    return sum(int(mask.shape[1]) for mask, _ in row) + gap * (len(row) - 1)


def format_percent(probability: float) -> str:
    """Return a probability as text, such as `97%`; never 0 % or 100 %."""
    if probability >= 0.995:
        return ">99%"
    if probability < 0.005:
        return "<1%"
    return f"{max(round(probability * 100), 1)}%"


def _rounded(width: int, height: int, radius: int) -> NDArray[np.float32]:
    """Return an (H, W) mask in [0, 1] of a rectangle with round corners."""
    big = Image.new("L", (width * SUPERSAMPLING, height * SUPERSAMPLING))
    corners = (0, 0, big.width - 1, big.height - 1)
    ImageDraw.Draw(big).rounded_rectangle(corners, radius * SUPERSAMPLING, fill=255)
    small = big.resize((width, height), Image.Resampling.BOX)
    return np.asarray(small, np.float32) / np.float32(255)
