"""Whatever happens to a crop on its way through the world."""

from enum import Enum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


class Edit(Enum):
    """A change of a crop after it was cut out."""

    NONE = "none"
    ASPECT = "aspect"
    COLOUR = "colour"
    CONTRAST = "contrast"
    SHARPENED = "sharpened"
    OVERLAY = "overlay"
    BORDER = "border"


_QUALITIES: Final = (20, 35, 50, 75, 95)  # of JPEG and WebP


def resize(image: Image, width: int, height: int) -> Image:
    """A picture in another size, averaged down or interpolated up."""
    smaller = width * height < image.shape[0] * image.shape[1]
    how = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (width, height), interpolation=how), np.uint8)


def compress(image: Image, quality: int, *, webp: bool) -> Image:
    """A picture after JPEG or WebP."""
    option = cv2.IMWRITE_WEBP_QUALITY if webp else cv2.IMWRITE_JPEG_QUALITY
    bgr = np.ascontiguousarray(image[..., ::-1])
    _, data = cv2.imencode(".webp" if webp else ".jpg", bgr, [option, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    if decoded is None:
        return image
    return np.ascontiguousarray(decoded[..., ::-1]).astype(np.uint8)


def draw_quality(random: np.random.Generator) -> int:
    """One of the qualities of the strata."""
    return int(random.choice(_QUALITIES))


def apply_edit(image: Image, edit: Edit, random: np.random.Generator) -> Image:
    """Change colours, sharpen, or draw over a picture; `ASPECT` is up to who resizes."""
    values = image.astype(np.float32)
    if edit is Edit.COLOUR:
        values = values * random.uniform(0.8, 1.2, 3).astype(np.float32)
    elif edit is Edit.CONTRAST:
        gain, shift = random.uniform(0.7, 1.3), random.uniform(-20, 20)
        values = (values - 128) * np.float32(gain) + np.float32(128 + shift)
    elif edit is Edit.SHARPENED:
        values = values + 1.0 * (values - cv2.GaussianBlur(values, (0, 0), 1.0))
    changed = np.asarray(np.clip(values, 0, 255), np.uint8)
    if edit is Edit.OVERLAY:
        return _overlay(changed, random)
    if edit is Edit.BORDER:
        return _border(changed, random)
    return changed


def _overlay(image: Image, random: np.random.Generator) -> Image:
    """A word across the middle, half transparent, or a badge in a corner."""
    drawn = np.ascontiguousarray(image.copy())
    height, width = drawn.shape[:2]
    if random.random() < 0.5:
        side = max(4, int(0.22 * min(height, width)))
        colour = tuple(int(value) for value in random.integers(0, 256, 3))
        cv2.rectangle(drawn, (width - side - 2, 2), (width - 2, 2 + side), colour, -1)
        return np.asarray(drawn, np.uint8)
    size = width / 260
    cv2.putText(drawn, "SAMPLE", (width // 10, height * 3 // 5), 0, size, (255, 255, 255), 2)
    return np.asarray(cv2.addWeighted(drawn, 0.6, image, 0.4, 0), np.uint8)


def _border(image: Image, random: np.random.Generator) -> Image:
    """Bars above and below, or all around."""
    share = float(random.uniform(0.04, 0.15))
    high = max(2, int(share * image.shape[0]))
    wide = max(2, int(share * image.shape[1])) if random.random() < 0.5 else 0
    level = 255.0 if random.random() < 0.5 else 0.0
    bars = cv2.copyMakeBorder(
        image, high, high, wide, wide, cv2.BORDER_CONSTANT, value=(level, level, level)
    )
    return np.asarray(bars, np.uint8)
