"""Solid-looking little pictures: a flat shape is blown up like a balloon and lit."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from training.render.paint.arrays import as_float32, as_uint8
from training.render.paint.canvas import Colour

Sprite = NDArray[np.uint8]  # (H, W, 4)
Plane = NDArray[np.float32]  # (H, W)

_LIGHT = np.array([-0.45, -0.62, 0.64], dtype=np.float32)


def closed_curve(size: int, radius: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Plane:
    """Return the mask of a shape: its radius (share of half the size) over the angle in radians."""
    angles = np.linspace(0, 2 * np.pi, 160, endpoint=False)
    reach = radius(angles) * size / 2
    points = np.stack([np.cos(angles) * reach, np.sin(angles) * reach], axis=1) + size / 2
    return polygon_mask(size, size, points)


def polygon_mask(width: int, height: int, points: NDArray[np.floating]) -> Plane:
    """Return a smooth-edged mask in [0, 1] of an (N, 2) polygon."""
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [np.round(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return as_float32(mask / 255)


def noise(shape: tuple[int, int], grain: float, rng: np.random.Generator) -> Plane:
    """Return smooth noise in about [-1, 1]; `grain` is the size of its blobs in pixels."""
    coarse = (max(round(shape[0] / grain), 2), max(round(shape[1] / grain), 2))
    field = rng.uniform(-1, 1, coarse).astype(np.float32)
    return as_float32(cv2.resize(field, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC))


def inflate(
    mask: Plane,
    colour: Colour | NDArray[np.float32],
    *,
    puff: float = 1.0,
    gloss: float = 0.5,
    bump: Plane | None = None,
) -> Sprite:
    """Light a shape as if it were blown up.

    Args:
        mask: (H, W) in [0, 1].
        colour: one for all, or (H, W, 3) in [0, 255].
        puff: how steep its sides get; 0 is flat.
        gloss: strength of the highlight.
        bump: (H, W) relief added to the shape, in pixels.
    """
    height = _balloon(mask) * puff
    if bump is not None:
        height = height + bump
    shade, shine = _lit(height)
    base = np.broadcast_to(np.asarray(colour, np.float32), (*mask.shape, 3))
    lit = base * shade[..., None] + (shine * gloss * 255)[..., None]
    return with_alpha(lit, mask)


def with_alpha(colour: NDArray[np.float32], mask: Plane) -> Sprite:
    """Return an RGBA picture of (H, W, 3) colours in [0, 255] and a mask in [0, 1]."""
    return np.dstack([np.clip(colour, 0, 255), np.clip(mask * 255, 0, 255)]).astype(np.uint8)


def flat(mask: Plane, colour: Colour) -> Sprite:
    """Return one colour in a shape."""
    return with_alpha(np.broadcast_to(np.asarray(colour, np.float32), (*mask.shape, 3)), mask)


def over(base: Sprite, layers: Sequence[Sprite]) -> Sprite:
    """Lay layers of the base's size over it; the base's shape grows by theirs."""
    result = base.astype(np.float32)
    for layer in layers:
        alpha = layer[..., 3:].astype(np.float32) / 255
        result[..., :3] = result[..., :3] * (1 - alpha) + layer[..., :3] * alpha
        result[..., 3:] = np.maximum(result[..., 3:], layer[..., 3:])
    return np.clip(result, 0, 255).astype(np.uint8)


def turned(sprite: Sprite, degrees: float, scale: float = 1.0) -> Sprite:
    """Return the sprite turned about its middle, in the same frame."""
    height, width = sprite.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale)
    return as_uint8(cv2.warpAffine(sprite, matrix, (width, height), flags=cv2.INTER_LINEAR))


def _balloon(mask: Plane) -> Plane:
    inside = (mask > 0.5).astype(np.uint8)
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    reach = max(float(distance.max()), 1.0)
    rest = 1 - distance / reach
    height = np.sqrt(np.clip(1 - rest * rest, 0, 1)) * reach
    return as_float32(cv2.GaussianBlur(height, (0, 0), max(reach / 7, 0.8)))


def _lit(height: Plane) -> tuple[Plane, Plane]:
    dx = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    dy = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    length = np.sqrt(dx * dx + dy * dy + 1)
    facing = (-dx * _LIGHT[0] - dy * _LIGHT[1] + _LIGHT[2]) / length
    shade = 0.45 + 0.75 * np.clip(facing, 0, 1)
    mirrored = np.clip(2 * facing / length - _LIGHT[2], 0, 1)
    return as_float32(shade), as_float32(mirrored**22)
