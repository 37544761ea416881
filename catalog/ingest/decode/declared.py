"""The colours that a file says it has, as an ICC profile, whatever words it uses."""

from typing import Final

from PIL import ExifTags, Image

from catalog.ingest.decode import avif, png
from catalog.ingest.decode.coding import (
    SRGB,
    adobe_rgb_profile,
    coded_profile,
    power_curve,
    srgb_curve,
)
from catalog.ingest.decode.profile import Primaries, make_profile

_SRGB_GAMMA: Final = (0.4495, 0.4605)  # PNG's 0.45455 stands for the curve of sRGB
_GAMMAS: Final = (0.1, 2.0)  # others are nonsense
_ADOBE_RGB: Final = 2  # EXIF's ColorSpace, by custom of cameras
_UNCALIBRATED: Final = 0xFFFF  # another ColorSpace, which the index below names
_OPTIONAL_SPACE: Final = "R03"  # EXIF's interoperability index: Adobe RGB


def declared_profile(opened: Image.Image, data: bytes) -> bytes | None:
    """Return an ICC profile of the colours that a file declares; None if it declares none, or sRGB.

    Args:
        opened: the file, opened.
        data: the whole file.
    """
    if opened.format == "PNG":
        return _of_png(png.read_colours(data))
    embedded = opened.info.get("icc_profile")
    if isinstance(embedded, bytes) and embedded:
        return embedded
    if opened.format == "AVIF":
        coding = avif.read_coding(data)
        return coded_profile(*coding) if coding else None
    return adobe_rgb_profile() if _is_adobe_rgb(opened.getexif()) else None


def _of_png(colours: png.PngColours) -> bytes | None:
    """Return what counts of a PNG's words; the later standard's goes before the earlier's."""
    if colours.coding is not None:
        return coded_profile(*colours.coding)
    if colours.profile is not None or colours.srgb:
        return colours.profile
    if colours.gamma is None and colours.chromaticities is None:
        return None
    low, high = _SRGB_GAMMA
    gamma = colours.gamma or high
    usual = low <= gamma <= high or not _GAMMAS[0] <= gamma <= _GAMMAS[1]
    primaries = _primaries(colours.chromaticities) if colours.chromaticities else SRGB
    try:
        return make_profile(primaries, srgb_curve if usual else power_curve(1 / gamma))
    except ValueError:
        return None


def _primaries(xy: tuple[float, ...]) -> Primaries:
    white, red, green, blue = zip(xy[::2], xy[1::2], strict=True)
    return Primaries(white, red, green, blue)


def _is_adobe_rgb(exif: Image.Exif) -> bool:
    space = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.ColorSpace)
    if space != _UNCALIBRATED:
        return bool(space == _ADOBE_RGB)
    index = exif.get_ifd(ExifTags.IFD.Interop).get(ExifTags.Interop.InteropIndex)
    return isinstance(index, str) and index.startswith(_OPTIONAL_SPACE)
