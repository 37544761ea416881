"""From the colours that a file means to sRGB, by its ICC profile (littlecms)."""

from io import BytesIO
from typing import Final

import numpy as np
from PIL import Image, ImageCms

# What a profile describes, and the mode of the pictures that it fits.
_MODES: Final = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}
# Scanners, displays, printers and colour spaces; other profiles do not describe pictures.
_CLASSES: Final = frozenset({"scnr", "mntr", "prtr", "spac"})
_SAME_LEVELS: Final = 2  # of 256; a profile that moves no colour by more is sRGB's
_WHITE: Final = 200  # of 256; a profile that makes white darker is damaged
_PROBES: Final = 17  # levels of each channel that are tried
_FAILED: Final = (OSError, ImageCms.PyCMSError, ValueError, TypeError)


def to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Return a picture in mode RGB and in the colours of sRGB.

    A profile that is damaged or describes other pictures is ignored: grey and RGB are then taken
    for sRGB, CMYK is mixed as of perfect inks. A picture in sRGB keeps its very values.

    Args:
        picture: of mode L, RGB, CMYK or LAB; its own pixels may be overwritten.
        profile: ICC; None if the file has none.
    """
    if picture.mode == "LAB":
        lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        return _transform(lab, "LAB").apply(picture)
    transform = _fitting(profile, picture.mode) if profile else None
    if transform is None:
        return picture.convert("RGB")
    if transform.input_mode == "RGB":
        return transform.apply_in_place(picture.convert("RGB"))
    return transform.apply(picture)


def _fitting(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return what a profile does to pictures of that mode; None if that is nothing, or nonsense."""
    try:
        opened = ImageCms.ImageCmsProfile(BytesIO(profile))
        described = _MODES.get(opened.profile.xcolor_space, "")
        fits = described == mode or (described, mode) == ("RGB", "L")
        if not fits or opened.profile.device_class not in _CLASSES:
            return None
        transform = _transform(opened, described)
        return transform if _changes(transform) else None
    except _FAILED:
        return None


def _transform(profile: ImageCms.ImageCmsProfile, mode: str) -> ImageCms.ImageCmsTransform:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    return ImageCms.ImageCmsTransform(profile, srgb, mode, "RGB", ImageCms.Intent.PERCEPTUAL)


def _changes(transform: ImageCms.ImageCmsTransform) -> bool:
    """Return whether colours become others, and white stays white."""
    white = (0, 0, 0, 0) if transform.input_mode == "CMYK" else "white"
    paper = transform.apply(Image.new(transform.input_mode, (1, 1), white))
    if np.asarray(paper).min() < _WHITE:
        return False
    if transform.input_mode == "CMYK":
        return True
    levels = np.linspace(0, 255, _PROBES).round().astype(np.uint8)
    if transform.input_mode == "L":
        probe = Image.fromarray(levels[None])
    else:
        grid = np.stack(np.meshgrid(levels, levels, levels), axis=-1)
        probe = Image.fromarray(grid.reshape(_PROBES, -1, 3))
    before, after = (
        np.asarray(p.convert("RGB"), np.int16) for p in (probe, transform.apply(probe))
    )
    return bool(np.abs(after - before).max() > _SAME_LEVELS)
