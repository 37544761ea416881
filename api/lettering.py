"""Text for pictures: one bundled typeface, with the system's fonts behind it."""

import io
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

BUNDLED: Final = "DejaVuSansCondensed-Bold.ttf"
# Names under which systems keep a font with the scripts that the bundled one lacks.
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
NO_CHARACTER: Final = "\U0010ffff"
ELLIPSIS: Final = "…"


class Lettering:
    """Writes single lines of text at one size."""

    def __init__(self, size: int) -> None:
        """Load the bundled font; others are looked for only when a text needs them.

        Args:
            size: pixels from the top of a capital with an accent to the bottom of a g, about.
        """
        self.size = size
        self._fonts = [ImageFont.truetype(io.BytesIO(_bundled_font()), size)]
        self._untried = list(SYSTEM_FONTS)

    @property
    def height(self) -> int:
        """Pixels of a line, the same for every text."""
        ascent, descent = self._fonts[0].getmetrics()
        return ascent + descent

    def width(self, text: str) -> int:
        """Pixels that a text takes."""
        return int(np.ceil(self._font_for(text).getlength(text)))

    def shortened(self, text: str, width: int) -> str:
        """The text, or its beginning with an ellipsis, so that it is no wider than `width`."""
        if self.width(text) <= width:
            return text
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            fits = self.width(text[:middle].rstrip() + ELLIPSIS) <= width
            low, high = (middle, high) if fits else (low, middle - 1)
        return text[:low].rstrip() + ELLIPSIS

    def in_two_lines(self, text: str, width: int) -> list[str]:
        """The text as one line if it fits, else as two of about equal length, shortened to fit."""
        words = text.split()
        if self.width(text) <= width or len(words) < 2:
            return [self.shortened(text, width)]
        breaks = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
        fitting = [lines for lines in breaks if self.width(lines[0]) <= width]
        best = min(fitting or breaks[:1], key=lambda lines: max(self.width(x) for x in lines))
        return [self.shortened(line, width) for line in best]

    def mask(self, text: str) -> NDArray[np.float32]:
        """A line as (height, width) ink in [0, 1]."""
        font = self._font_for(text)
        image = Image.new("L", (max(self.width(text), 1), self.height))
        baseline = self._fonts[0].getmetrics()[0]
        ImageDraw.Draw(image).text((0, baseline), text, fill=255, font=font, anchor="ls")
        return np.asarray(image, np.float32) / np.float32(255)

    def _font_for(self, text: str) -> ImageFont.FreeTypeFont:
        """The first font that has every character; the bundled one when none has."""
        for font in self._fonts:
            if _covers(font, text):
                return font
        while self._untried:
            found = _system_font(self._untried.pop(0), self.size)
            if found is not None:
                self._fonts.append(found)
                if _covers(found, text):
                    return found
        return self._fonts[0]


def _bundled_font() -> bytes:
    return files("api").joinpath("fonts", BUNDLED).read_bytes()


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
