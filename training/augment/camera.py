"""What light, lens, sensor and compression do to a picture.

Colour tells flavours apart, so white balance and exposure vary as phones vary them and hues are
left alone.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

# At strength 1, the share of pictures that each befalls; the darkroom goes by the same numbers.
SHADOWED: Final = 0.35
GLARING: Final = 0.25
BLURRED: Final = 0.6
COMPRESSED: Final = 0.4
JPEG_QUALITY: Final = (25, 90)
# How far phones disagree about white, and about how bright and how hard a picture is: deviations
# of a logarithm.
BALANCE: Final = 0.07
EXPOSURE: Final = 0.22
GAMMA: Final = 0.15
# The least and the most that colours gain.
SATURATION: Final = (-0.35, 0.2)
# The most noise, of 255.
NOISE: Final = 10.0
# Of a side: the widest blur's deviation grows by it, and the longest move.
OUT_OF_FOCUS: Final = 0.012
MOVED: Final = 0.06
# Of a side: how much detail is left from far away.
FAR_AWAY: Final = (0.25, 0.8)


@dataclass(frozen=True, slots=True)
class Degradation:
    """How badly a picture is photographed.

    Attributes:
        strength: 0 changes nothing much, 1 is a bad day.
        tint: spread of the white balance, as the logarithm of a channel's gain.
    """

    strength: float = 1.0
    tint: float = BALANCE


def photograph(
    image: NDArray[np.uint8], rng: np.random.Generator, light: Degradation
) -> NDArray[np.uint8]:
    """The picture as a phone in a shop may have taken it; same shape.

    Args:
        image: (H, W, 3) uint8, RGB.
        rng: source of all chance.
        light: how badly.
    """
    strength = light.strength
    lit = _lit(image.astype(np.float32), rng, light)
    if rng.random() < SHADOWED * strength:
        lit = _shadow(lit, rng)
    if rng.random() < GLARING * strength:
        lit = _glare(lit, rng)
    if rng.random() < BLURRED * strength:
        lit = _blur(lit, rng, strength)
    noise = rng.random() * NOISE * strength
    lit += rng.normal(0, 1, lit.shape).astype(np.float32) * np.float32(noise)
    result = np.clip(lit, 0, 255).astype(np.uint8)
    return _jpeg(result, rng) if rng.random() < COMPRESSED * strength else result


def _lit(
    image: NDArray[np.float32], rng: np.random.Generator, light: Degradation
) -> NDArray[np.float32]:
    """White balance, exposure, contrast, saturation."""
    strength = light.strength
    balance = np.exp(rng.normal(0, light.tint * strength, 3))
    exposure = np.exp(rng.normal(0, EXPOSURE * strength))
    gamma = np.exp(rng.normal(0, GAMMA * strength))
    levels = np.arange(256, dtype=np.float32)[:, None] / 255
    curve = 255 * levels**gamma * (balance * exposure)[None]
    lit = np.stack([curve[:, c][image[..., c].astype(np.uint8)] for c in range(3)], axis=2)
    grey = lit.mean(axis=2, keepdims=True)
    saturation = 1 + rng.uniform(*SATURATION) * strength
    return np.asarray(grey + (lit - grey) * saturation, np.float32)


def _coordinates(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Rows and columns in [0, 1]."""
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    columns = np.linspace(0, 1, width, dtype=np.float32)[None]
    return rows, columns


def _shadow(image: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A soft straight edge, darker on one side."""
    rows, columns = _coordinates(*image.shape[:2])
    angle = rng.uniform(0, 2 * np.pi)
    distance = (columns - rng.uniform(0.1, 0.9)) * np.cos(angle)
    distance = distance + (rows - rng.uniform(0.1, 0.9)) * np.sin(angle)
    edge = 1 / (1 + np.exp(-np.clip(distance / rng.uniform(0.02, 0.25), -30, 30)))
    light = 1 - rng.uniform(0.15, 0.6) * edge[..., None]
    return np.asarray(image * light, np.float32)


def _glare(image: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A bright elliptic spot that washes the print out."""
    rows, columns = _coordinates(*image.shape[:2])
    long, short = rng.uniform(0.1, 0.5), rng.uniform(0.03, 0.15)
    angle = rng.uniform(0, np.pi)
    dx, dy = columns - rng.uniform(0, 1), rows - rng.uniform(0, 1)
    along = (dx * np.cos(angle) + dy * np.sin(angle)) / long
    across = (dy * np.cos(angle) - dx * np.sin(angle)) / short
    spot = rng.uniform(0.3, 1.0) * np.exp(-(along**2 + across**2))[..., None]
    return np.asarray(image * (1 - spot) + 255 * spot, np.float32)


def _blur(
    image: NDArray[np.float32], rng: np.random.Generator, strength: float
) -> NDArray[np.float32]:
    """Out of focus, moved, or far away."""
    height, width = image.shape[:2]
    kind = rng.integers(3)
    if kind == 0:
        sigma = rng.uniform(0.3, 0.3 + OUT_OF_FOCUS * strength * min(height, width))
        return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.float32)
    if kind == 1:
        return _moved(image, rng, max(int(MOVED * strength * min(height, width)), 2))
    factor = rng.uniform(*FAR_AWAY)
    small = (max(int(width * factor), 12), max(int(height * factor), 12))
    far = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(far, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _moved(
    image: NDArray[np.float32], rng: np.random.Generator, longest: int
) -> NDArray[np.float32]:
    """Motion blur along a straight line of at most `longest` pixels."""
    length = int(rng.integers(2, longest + 1)) | 1
    kernel = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    reach = np.array([np.cos(angle), np.sin(angle)]) * (length // 2)
    middle = np.array([length // 2, length // 2])
    start, end = (np.rint(middle + sign * reach).astype(int).tolist() for sign in (-1, 1))
    cv2.line(kernel, start, end, 1.0)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), np.float32)


def _jpeg(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    quality = int(rng.integers(*JPEG_QUALITY))
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)
