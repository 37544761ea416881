"""Fonts that come with the Python environment, so that drawing needs no system font."""

from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Face(StrEnum):
    """A typeface; the value is its file in matplotlib's data, empty for Pillow's own."""

    PLAIN = ""
    SANS = "DejaVuSans.ttf"
    BOLD = "DejaVuSans-Bold.ttf"
    OBLIQUE = "DejaVuSans-BoldOblique.ttf"
    SERIF = "DejaVuSerif.ttf"
    SERIF_BOLD = "DejaVuSerif-Bold.ttf"
    SERIF_ITALIC = "DejaVuSerif-BoldItalic.ttf"
    MONO = "DejaVuSansMono-Bold.ttf"
    STIX = "STIXGeneralBol.ttf"
    STIX_ITALIC = "STIXGeneralBolIta.ttf"
    LIGHT = "cmss10.ttf"


def bundled_fonts() -> Path | None:
    """Return the folder of matplotlib's fonts, found without importing it, if there is one."""
    spec = find_spec("matplotlib")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / "mpl-data" / "fonts" / "ttf"
    return folder if folder.is_dir() else None


class FontSet:
    """Opens each font once per size.

    Args:
        folder: where the files of `Face` are; None uses Pillow's built-in font for all of them.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._fonts: dict[tuple[Face, int], Font] = {}

    def font(self, face: Face, size: float) -> Font:
        """Return a typeface at a size in pixels, at least 4."""
        key = (face, max(round(size), 4))
        if key not in self._fonts:
            self._fonts[key] = self._open(*key)
        return self._fonts[key]

    def _open(self, face: Face, size: int) -> Font:
        path = self._folder / face.value if self._folder and face.value else None
        if path is None or not path.is_file():
            return ImageFont.load_default(size)
        return ImageFont.truetype(path, size)
