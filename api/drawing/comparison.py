"""Pictures by which people check a match: reference beside crop, correspondences as lines."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from api.drawing.annotator import COLOURS
from api.drawing.label import Colour
from catalog.ingest.image_file import read_image
from matcher.imaging.box import Box
from matcher.results import Verdict

SIDE: Final = 420  # pixels; the longer side of a picture in the panel
GAP: Final = 72  # pixels between the two pictures, for the lines
MARGIN: Final = 14  # pixels around them
BACKDROP: Final[Colour] = (18, 22, 29)  # the dark of the report page
MAX_LINES: Final = 40  # more cannot be followed by eye
LINE_OPACITY: Final = 0.8  # the pictures stay visible below them
HUES: Final = (92, 22)  # OpenCV's half degrees, from the reference's top to its bottom
JPEG_QUALITY: Final = 84  # of 100; a report holds hundreds of panels
SUBPIXEL_BITS: Final = 4  # OpenCV draws with coordinates in sixteenths of a pixel
MAX_COORDINATE: Final = 10_000.0  # pixels; points further away are moved in, or OpenCV overflows

Square = Callable[[NDArray[np.uint8]], Box]
"""Returns the square of an (H, W, 3) RGB picture that shows most of it, in shares of its sides."""


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceComparison:
    """A crop, the reference that it was verified against, and their correspondences.

    Attributes:
        reference: the reference picture, a file's bytes.
        crop: a part of a frame, a file's bytes, at any scale.
        crop_box: the part of the frame that the crop shows, in the frame's pixels.
        correspondences: (M, 4), (x, y) in the reference picture and (x, y) in the frame.
        outline: (4, 2), the product in the frame; (0, 2) without one.
        verdict: decides the outline's colour.
    """

    reference: bytes
    crop: bytes
    crop_box: Box
    correspondences: NDArray[np.float32]
    outline: NDArray[np.float32]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class _Placement:
    """Maps a picture's own pixels to those of the panel."""

    origin: tuple[float, float]
    scale: tuple[float, float]
    offset: tuple[float, float]

    def to_panel(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map (N, 2) pixel centres of the picture, or of its frame, to the panel's."""
        moved = (points + 0.5 - self.origin) * self.scale + self.offset - 0.5
        return np.asarray(moved, np.float64)


def draw_comparison(comparison: ReferenceComparison) -> bytes:
    """Return a JPEG of at most about 940 by 450 pixels: the reference left, the crop right.

    Raises:
        catalog.errors.PictureError: the reference is no picture.
        OSError: the crop is no picture.
    """
    reference = read_image(comparison.reference, "the reference picture")
    left, right = _fit(reference), _outline(_fit(read_crop(comparison.crop)), comparison)
    height = max(left.shape[0], right.shape[0]) + 2 * MARGIN
    width = left.shape[1] + right.shape[1] + GAP + 2 * MARGIN
    panel = np.full((height, width, 3), BACKDROP, np.uint8)
    whole = Box(0, 0, reference.shape[1], reference.shape[0])
    reference_placement = _paste(panel, left, MARGIN, whole)
    frame_placement = _paste(panel, right, MARGIN + left.shape[1] + GAP, comparison.crop_box)
    pairs = _thin_out(_finite(comparison.correspondences, 4))
    starts, ends = pairs[:, :2], pairs[:, 2:]
    _draw_lines(panel, reference_placement.to_panel(starts), frame_placement.to_panel(ends))
    return encode_jpeg(panel)


def draw_thumbnail(picture: bytes, side: int, square: Square | None = None) -> bytes:
    """Return a crop as a JPEG whose longer side is `side` pixels at most, cut to a square if given.

    Raises:
        OSError: it is no picture.
    """
    image = read_crop(picture)
    if square is not None:
        height, width = image.shape[:2]
        part = square(image)
        box = Box(part.left * width, part.top * height, part.right * width, part.bottom * height)
        image = box.crop(image)
    return encode_jpeg(_fit(image, side, may_grow=False))


def read_crop(data: bytes) -> NDArray[np.uint8]:
    """Read a picture that skulens wrote, of any size, as (H, W, 3) uint8 RGB.

    Raises:
        OSError: it is no picture.
    """
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"), np.uint8)


def encode_jpeg(image: NDArray[np.uint8]) -> bytes:
    """Encode an (H, W, 3) uint8 RGB picture as JPEG."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return file.getvalue()


def _fit(image: NDArray[np.uint8], side: int = SIDE, *, may_grow: bool = True) -> NDArray[np.uint8]:
    scale = side / max(image.shape[:2])
    if scale >= 1 and not may_grow:
        return image
    size = (max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=method), np.uint8)


def _outline(crop: NDArray[np.uint8], comparison: ReferenceComparison) -> NDArray[np.uint8]:
    """Return the crop with the product's outline, as far as it lies inside."""
    corners = _placement(crop, comparison.crop_box, (0, 0)).to_panel(_finite(comparison.outline, 2))
    if len(corners) < 3:
        return crop
    drawn = crop.copy()
    for colour, thickness in ((BACKDROP, 5), (COLOURS[comparison.verdict], 2)):
        points = [_subpixel(corners)]
        cv2.polylines(drawn, points, True, colour, thickness, cv2.LINE_AA, SUBPIXEL_BITS)
    return drawn


def _paste(panel: NDArray[np.uint8], image: NDArray[np.uint8], left: int, part: Box) -> _Placement:
    """Put a picture of a part of a frame into the panel, in the middle of its height."""
    height, width = image.shape[:2]
    top = (panel.shape[0] - height) // 2
    panel[top : top + height, left : left + width] = image
    return _placement(image, part, (left, top))


def _placement(image: NDArray[np.uint8], part: Box, offset: tuple[int, int]) -> _Placement:
    height, width = image.shape[:2]
    scale = (width / max(part.width, 1e-6), height / max(part.height, 1e-6))
    return _Placement((part.left, part.top), scale, offset)


def _finite(points: NDArray[np.float32], columns: int) -> NDArray[np.float64]:
    rows = np.asarray(points, np.float64).reshape(-1, columns)
    rows = rows[np.isfinite(rows).all(axis=1)]
    return np.asarray(np.clip(rows, -MAX_COORDINATE, MAX_COORDINATE), np.float64)


def _thin_out(pairs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return at most `MAX_LINES` pairs, evenly from the reference's top to its bottom."""
    ordered = pairs[np.argsort(pairs[:, 1], kind="stable")]
    if len(ordered) <= MAX_LINES:
        return ordered
    kept = np.rint(np.linspace(0, len(ordered) - 1, MAX_LINES)).astype(np.intp)
    return np.asarray(ordered[kept], np.float64)


def _draw_lines(
    panel: NDArray[np.uint8], starts: NDArray[np.float64], ends: NDArray[np.float64]
) -> None:
    """Draw lines from point to point; their hue changes from top to bottom, to tell them apart."""
    overlay = panel.copy()
    for number, (start, end) in enumerate(zip(_subpixel(starts), _subpixel(ends), strict=True)):
        colour = _hue(number / max(len(starts) - 1, 1))
        cv2.line(overlay, start.tolist(), end.tolist(), colour, 1, cv2.LINE_AA, SUBPIXEL_BITS)
        for point in (start, end):
            radius = 3 << SUBPIXEL_BITS
            cv2.circle(overlay, point.tolist(), radius, BACKDROP, -1, cv2.LINE_AA, SUBPIXEL_BITS)
            radius = 2 << SUBPIXEL_BITS
            cv2.circle(overlay, point.tolist(), radius, colour, -1, cv2.LINE_AA, SUBPIXEL_BITS)
    cv2.addWeighted(overlay, LINE_OPACITY, panel, 1 - LINE_OPACITY, 0, dst=panel)


def _subpixel(points: NDArray[np.float64]) -> NDArray[np.int32]:
    fixed = np.rint(points * 2**SUBPIXEL_BITS)
    return np.asarray(fixed, np.int32)


def _hue(share: float) -> Colour:
    hue = HUES[0] + share * (HUES[1] - HUES[0])
    pixel = np.array([[[hue, 190, 255]]], np.float32).round().astype(np.uint8)
    red, green, blue = cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0].tolist()
    return red, green, blue
