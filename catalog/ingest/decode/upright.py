"""From an opened file to upright RGB: depth, transparency, orientation."""

from typing import Final

import numpy as np
from PIL import ExifTags, GifImagePlugin, Image, ImageChops

from catalog.ingest.decode.colour import to_srgb
from catalog.ingest.decode.damage import DAMAGE
from catalog.ingest.decode.declared import declared_profile

# What undoes each of EXIF's orientations; the first, and nonsense, need nothing.
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_FITTING: Final = ("L", "RGB", "CMYK", "LAB")  # modes whose colours littlecms converts
_PREMULTIPLIED: Final = ("La", "RGBa")  # modes whose colours were multiplied by their opacity
_DEEP: Final = ("I", "F")  # how the names of modes with more than 8 bits begin
_PHOTOMETRIC: Final = 262  # TIFF's tag that says what zero means: 0 for white
_BITS: Final = 258  # TIFF's tag of bits per sample


def upright_rgb(opened: Image.Image, data: bytes) -> Image.Image:
    """Return a file's first picture: upright, in sRGB, on white where it is transparent.

    Args:
        opened: the file, opened.
        data: the whole file, which says more of its colours than Pillow passes on.

    Raises:
        Those of `DAMAGE`: its pixels cannot be decoded.
    """
    shown = _shown_part(opened)
    opened.load()
    picture, alpha = _opaque(opened)
    rgb = to_srgb(picture, _profile(opened, data))
    if shown is not None:
        covered = Image.new("L", rgb.size)
        covered.paste(255, shown)
        alpha = covered if alpha is None else ImageChops.darker(alpha, covered)
    if alpha is not None:
        rgb = Image.composite(rgb, Image.new("RGB", rgb.size, "white"), alpha)
    turn = _turn(opened)
    return rgb if turn is None else rgb.transpose(turn)


def _shown_part(opened: Image.Image) -> tuple[int, int, int, int] | None:
    """Return the part that an animated GIF's first picture covers; None if that is all."""
    whole = (0, 0, *opened.size)
    if not isinstance(opened, GifImagePlugin.GifImageFile) or not opened.tile:
        return None
    part = opened.tile[0].extents
    return None if part == whole else part


def _profile(opened: Image.Image, data: bytes) -> bytes | None:
    try:
        return declared_profile(opened, data)
    except DAMAGE:
        return None  # the pixels are whole, only what is noted beside them is not


def _turn(opened: Image.Image) -> Image.Transpose | None:
    try:
        return _TURNS.get(opened.getexif().get(ExifTags.Base.Orientation, 1))
    except DAMAGE:
        return None


def _opaque(opened: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Return a picture's colours without transparency, in 8 bits, and how opaque each pixel is."""
    if opened.mode.startswith(_DEEP):
        return _from_deep(opened)
    picture = opened
    if opened.mode in _PREMULTIPLIED:
        picture = opened.convert(opened.mode.upper())
    alpha = None
    if picture.has_transparency_data:
        alpha = picture.convert("RGBA").getchannel("A")
    if picture.mode in ("1", "LA"):
        picture = picture.convert("LA").getchannel("L")
    elif picture.mode not in _FITTING:
        picture = picture.convert("RGBA").convert("RGB")
    return picture, alpha


def _from_deep(opened: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Return a grey picture of more than 8 bits, integers or floats, in 8, and its opacity."""
    stored = np.asarray(opened)
    if opened.mode == "I":
        stored = stored.view(np.uint32)  # Pillow knows no unsigned ones
    values = np.nan_to_num(stored.astype(np.float32))
    share = np.clip(values / _full(opened, float(values.max())), 0, 1)
    tags = getattr(opened, "tag_v2", {})
    if tags.get(_PHOTOMETRIC) == 0:
        share = 1 - share
    grey = Image.fromarray((share * 255 + 0.5).astype(np.uint8))
    key = opened.info.get("transparency")
    if not isinstance(key, int):
        return grey, None
    return grey, Image.fromarray(np.where(values == key, 0, 255).astype(np.uint8))


def _full(opened: Image.Image, top: float) -> float:
    """Return the value of white, or of black where that is the highest."""
    if opened.mode.startswith("I;16"):
        bits = getattr(opened, "tag_v2", {}).get(_BITS, (16,))
        return float(2 ** bits[0] - 1)
    if opened.mode == "F" and top <= 1:
        return 1.0
    return next(full for full in (255.0, 65535.0, 2.0**32, np.inf) if top <= full)
