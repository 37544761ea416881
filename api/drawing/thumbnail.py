"""Thumbnails as pictures, and the map of what draws the eye."""

import base64
import io
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from matcher.imaging.box import Box

JPEG_QUALITY: Final = 88  # of 100; thumbnails are small, and looked at
_MAP_SIDE_PX: Final = 320  # longer side of the map: it has no detail
_DARKEST: Final = 0.25  # of the map, so that a picture under it stays visible


def cut_thumbnail(image: NDArray[np.uint8], box: Box, width: int | None) -> NDArray[np.uint8]:
    """Return a crop of an (H, W, 3) picture, reduced or enlarged to a width in pixels if given."""
    crop = box.crop(image)
    if width is None or width == crop.shape[1]:
        return crop
    size = (width, max(round(crop.shape[0] * width / crop.shape[1]), 1))
    method = cv2.INTER_AREA if width < crop.shape[1] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(crop, size, interpolation=method), np.uint8)


def draw_saliency(saliency: NDArray[np.float32], width: int, height: int) -> NDArray[np.uint8]:
    """Return a grey (h, w, 3) map in a picture's proportions: bright where people look.

    Args:
        saliency: (rows, columns), not negative.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
    """
    scale = _MAP_SIDE_PX / max(width, height)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    smooth = cv2.resize(saliency, size, interpolation=cv2.INTER_CUBIC)
    bright = _DARKEST + (1 - _DARKEST) * (smooth / max(float(smooth.max()), 1e-12)).clip(0, 1)
    return np.repeat(np.round(255 * bright).astype(np.uint8)[..., None], 3, axis=2)


def encode_jpeg(image: NDArray[np.uint8]) -> bytes:
    """Return an (H, W, 3) RGB picture as a JPEG file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()


def data_url(image: NDArray[np.uint8]) -> str:
    """Return an (H, W, 3) RGB picture as a JPEG inside an address, as pages show it."""
    return "data:image/jpeg;base64," + base64.b64encode(encode_jpeg(image)).decode()
