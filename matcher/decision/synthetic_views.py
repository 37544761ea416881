"""Views of a product as a camera may have taken it, drawn from a reference picture of it.

They stand in for photos where a catalog is all there is. A drawn view is easier than a photo: it
shows the side that the reference shows, and bends nothing.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from catalog.encodings.encoding import ReferenceCrop

_SIDE: Final = 480  # pixels of a view
_SHARE: Final = (0.35, 0.85)  # of the view's side that the product takes
_SKEW: Final = 0.12  # of its own sides, by which each corner is moved
_TURN: Final = np.radians(12)  # at most, either way
_JPEG: Final = (45, 92)  # quality, 0 to 100

Image = NDArray[np.uint8]


def draw_view(picture: Image, crop: ReferenceCrop, rng: np.random.Generator) -> Image:
    """Draw the product of a reference picture somewhere else: (480, 480, 3) uint8 RGB.

    Args:
        picture: (H, W, 3) uint8 RGB, the reference picture.
        crop: where the product is in it.
        rng: source of all chance.
    """
    corners = crop.outline.astype(np.float32)
    target = _placed(corners, rng)
    move = cv2.getPerspectiveTransform(corners, target)
    size = (_SIDE, _SIDE)
    seen = cv2.warpPerspective(picture, move, size, flags=cv2.INTER_AREA).astype(np.float32)
    from_crop = move @ crop.to_picture @ _grown(crop)
    share = cv2.warpPerspective(crop.mask.astype(np.float32), from_crop, size)[..., None]
    scene = share * seen + (1 - share) * _background(rng)
    return _compressed(_taken(scene.astype(np.float32), rng), rng)


def _grown(crop: ReferenceCrop) -> NDArray[np.float64]:
    """From pixels of the coarse mask to canonical crop pixels."""
    height, width = crop.mask.shape
    x, y = crop.width / width, crop.height / height
    return np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])


def _placed(corners: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Where the corners are in the view."""
    middle = corners.mean(axis=0)
    extent = np.ptp(corners, axis=0)
    scale = _SIDE * rng.uniform(*_SHARE) / max(float(extent.max()), 1.0)
    angle = rng.uniform(-_TURN, _TURN)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    skewed = corners - middle + rng.uniform(-_SKEW, _SKEW, (4, 2)) * extent
    room = np.maximum(_SIDE - scale * extent, 0) / 2
    place = _SIDE / 2 + rng.uniform(-1, 1, 2) * room
    return np.asarray(scale * skewed @ turn.T + place, np.float32)


def _background(rng: np.random.Generator) -> NDArray[np.float32]:
    """Soft blots of muted colours, as a shelf out of focus."""
    coarse = rng.uniform(40, 215, (int(rng.integers(2, 7)), int(rng.integers(2, 7)), 3))
    grey = coarse.mean(axis=2, keepdims=True)
    muted = (grey + (coarse - grey) * 0.5).astype(np.float32)
    return np.asarray(cv2.resize(muted, (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC), np.float32)


def _taken(scene: NDArray[np.float32], rng: np.random.Generator) -> Image:
    """White balance, exposure, contrast, a blur and a sensor's noise."""
    light = np.exp(rng.normal(0, 0.15) + rng.normal(0, 0.05, 3))
    curve = np.exp(rng.normal(0, 0.12))
    lit = 255 * np.clip(scene / 255, 0, 1) ** curve * light
    blurred = cv2.GaussianBlur(lit.astype(np.float32), (0, 0), rng.uniform(0.4, 1.8))
    noisy = blurred + rng.normal(0, rng.uniform(0, 6), blurred.shape)
    return np.asarray(np.clip(noisy, 0, 255), np.uint8)


def _compressed(image: Image, rng: np.random.Generator) -> Image:
    options = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(*_JPEG))]
    # Which of the colours is called red does not matter on the way there and back.
    _, encoded = cv2.imencode(".jpg", image, options)
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)
