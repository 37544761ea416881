"""A phone's camera in a shop: light, lens, sensor and compression, drawn for each picture.

`draw_shot` draws the parameters of one photograph, `apply_shot` takes it with OpenCV, picture by
picture, and `training.augment.camera_gpu` takes whole batches with torch on an accelerator. There
are two appliers of one `Shot` because neither serves both places: on one core a picture of 256
pixels takes OpenCV 7 ms and torch 20 ms (14 ms in batches of 16), one of 96 pixels 1.1 and 3.7 ms;
and a GPU would wait for OpenCV.

Colour tells flavours apart, so white balance and exposure vary as phones vary them and hues are
left alone.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

# Shares of pictures that each befalls at strength 1.
_SHADOWED: Final = 0.35
_GLARING: Final = 0.25
_BLURRED: Final = 0.6
_COMPRESSED: Final = 0.4
# JPEG's quality, from the lowest to below the highest.
_JPEG_QUALITY: Final = (25, 90)
# How far phones disagree about white, and about how bright and how hard a picture is: standard
# deviations of the logarithm of a channel's gain, of the common gain and of the gamma.
_WHITE_BALANCE: Final = 0.07
_EXPOSURE: Final = 0.22
_GAMMA: Final = 0.15
# The least and the most that saturation gains, as a share of it.
_SATURATION: Final = (-0.35, 0.2)
# Largest standard deviation of the sensor's noise, in levels of 255.
_NOISE: Final = 10.0
# Of the shorter side: the largest standard deviation of a blur out of focus (beyond 0.3 pixels),
# and the longest movement.
_OUT_OF_FOCUS: Final = 0.012
_MOVEMENT: Final = 0.06
# Of each side: how much detail is left from far away; never fewer pixels than the second.
_FAR_AWAY: Final = (0.25, 0.8)
_FEWEST_PIXELS: Final = 12

Image = NDArray[np.uint8]
Levels = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Degradation:
    """How badly pictures are photographed.

    Attributes:
        strength: 0 changes next to nothing, 1 is a bad day.
        tint: standard deviation of the logarithm of each channel's gain.
    """

    strength: float = 1.0
    tint: float = _WHITE_BALANCE


@dataclass(frozen=True, slots=True)
class Shadow:
    """A soft straight edge, darker on one side.

    Attributes:
        angle: radians, of the direction that is darker.
        x: a column on the edge, in [0, 1] of the width.
        y: a row on the edge, in [0, 1] of the height.
        softness: width of the edge, as a share of the side.
        depth: share of the light that is missing in the dark.
    """

    angle: float
    x: float
    y: float
    softness: float
    depth: float


@dataclass(frozen=True, slots=True)
class Glare:
    """A bright elliptic spot that washes the print out.

    Attributes:
        angle: radians, of the long axis.
        x: column of the centre, in [0, 1] of the width.
        y: row of the centre, in [0, 1] of the height.
        length: half of the long axis, as a share of the side.
        width: half of the short axis, as a share of the side.
        strength: in [0, 1], 1 is white in the centre.
    """

    angle: float
    x: float
    y: float
    length: float
    width: float
    strength: float


@dataclass(frozen=True, slots=True)
class DefocusBlur:
    """Out of focus: a Gaussian whose standard deviation is `sigma` pixels."""

    sigma: float

    def kernel(self) -> Levels:
        """Return (K, K) float32, K odd, which sums to 1 and holds nearly all of the Gaussian."""
        size = max(int(6 * self.sigma) | 1, 3)
        line = cv2.getGaussianKernel(size, self.sigma)
        return np.asarray(line @ line.T, np.float32)


@dataclass(frozen=True, slots=True)
class MotionBlur:
    """Moved along a straight line of `length` (odd) pixels, turned by `angle` radians."""

    length: int
    angle: float

    def kernel(self) -> Levels:
        """Return (K, K) float32, K odd, which sums to 1."""
        kernel = np.zeros((self.length, self.length), np.float32)
        middle = np.full(2, self.length // 2)
        reach = np.array([np.cos(self.angle), np.sin(self.angle)]) * (self.length // 2)
        start, end = (np.rint(middle + sign * reach).astype(int).tolist() for sign in (-1, 1))
        cv2.line(kernel, start, end, 1.0)
        return np.asarray(kernel / kernel.sum(), np.float32)


@dataclass(frozen=True, slots=True)
class DistanceBlur:
    """From far away: no more detail than a picture of `share` of each side has."""

    share: float

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return the height and width of that picture in pixels."""
        return (
            max(int(height * self.share), _FEWEST_PIXELS),
            max(int(width * self.share), _FEWEST_PIXELS),
        )


Blur = DefocusBlur | MotionBlur | DistanceBlur


@dataclass(frozen=True, slots=True)
class Shot:
    """The parameters of one photograph, drawn for a picture of one size.

    Attributes:
        degradation: how badly it was to be taken.
        gain: of red, green and blue: white balance times exposure.
        gamma: exponent of the levels.
        saturation: factor of every colour's distance from grey.
        shadow: None where there is none.
        glare: None where there is none.
        blur: None where the picture is sharp.
        noise: standard deviation in levels of 255.
        noise_seed: of the noise that `apply_shot` adds: one shot of two pictures adds the same.
        jpeg_quality: None where nothing is compressed.
    """

    degradation: Degradation
    gain: tuple[float, float, float]
    gamma: float
    saturation: float
    shadow: Shadow | None
    glare: Glare | None
    blur: Blur | None
    noise: float
    noise_seed: int
    jpeg_quality: int | None


def draw_shot(degradation: Degradation, height: int, width: int, rng: np.random.Generator) -> Shot:
    """Draw a photograph of a picture of that size in pixels.

    Args:
        degradation: how badly.
        height: of the picture.
        width: of the picture.
        rng: source of every random draw.
    """
    strength = degradation.strength
    balance = np.exp(rng.normal(0, degradation.tint * strength, 3))
    exposure = np.exp(rng.normal(0, _EXPOSURE * strength))
    red, green, blue = (balance * exposure).tolist()

    def happens(share: float) -> bool:
        return bool(rng.random() < share * strength)

    return Shot(
        degradation=degradation,
        gain=(red, green, blue),
        gamma=float(np.exp(rng.normal(0, _GAMMA * strength))),
        saturation=float(1 + rng.uniform(*_SATURATION) * strength),
        shadow=_draw_shadow(rng) if happens(_SHADOWED) else None,
        glare=_draw_glare(rng) if happens(_GLARING) else None,
        blur=_draw_blur(rng, strength, min(height, width)) if happens(_BLURRED) else None,
        noise=float(rng.random() * _NOISE * strength),
        noise_seed=int(rng.integers(1 << 32)),
        jpeg_quality=int(rng.integers(*_JPEG_QUALITY)) if happens(_COMPRESSED) else None,
    )


def _draw_shadow(rng: np.random.Generator) -> Shadow:
    return Shadow(
        angle=rng.uniform(0, 2 * np.pi),
        x=rng.uniform(0.1, 0.9),
        y=rng.uniform(0.1, 0.9),
        softness=rng.uniform(0.02, 0.25),
        depth=rng.uniform(0.15, 0.6),
    )


def _draw_glare(rng: np.random.Generator) -> Glare:
    return Glare(
        angle=rng.uniform(0, np.pi),
        x=rng.uniform(0, 1),
        y=rng.uniform(0, 1),
        length=rng.uniform(0.1, 0.5),
        width=rng.uniform(0.03, 0.15),
        strength=rng.uniform(0.3, 1.0),
    )


def _draw_blur(rng: np.random.Generator, strength: float, side: int) -> Blur:
    """Draw one of the three kinds, each as often."""
    kind = rng.integers(3)
    if kind == 0:
        return DefocusBlur(rng.uniform(0.3, 0.3 + _OUT_OF_FOCUS * strength * side))
    if kind == 1:
        longest = max(int(_MOVEMENT * strength * side), 2)
        return MotionBlur(int(rng.integers(2, longest + 1)) | 1, rng.uniform(0, np.pi))
    return DistanceBlur(rng.uniform(*_FAR_AWAY))


def photograph(image: Image, rng: np.random.Generator, degradation: Degradation) -> Image:
    """Return the (H, W, 3) RGB picture as a phone in a shop may have taken it; same shape."""
    height, width = image.shape[:2]
    return apply_shot(image, draw_shot(degradation, height, width, rng))


def apply_shot(image: Image, shot: Shot) -> Image:
    """Return the (H, W, 3) RGB picture as the shot shows it; same shape."""
    levels = _expose(image, shot)
    if shot.shadow:
        levels = _shade(levels, shot.shadow)
    if shot.glare:
        levels = wash_out(levels, shot.glare)
    if shot.blur:
        levels = _blur(levels, shot.blur)
    noise = np.random.default_rng(shot.noise_seed).standard_normal(levels.shape, np.float32)
    levels += noise * np.float32(shot.noise)
    exposed = np.clip(levels, 0, 255).astype(np.uint8)
    return exposed if shot.jpeg_quality is None else _compress(exposed, shot.jpeg_quality)


def _expose(image: Image, shot: Shot) -> Levels:
    """Apply white balance, exposure, contrast and saturation, by a table of the 256 levels."""
    levels = np.arange(256, dtype=np.float32)[:, None] / 255
    curve = 255 * levels**shot.gamma * np.array(shot.gain)
    lit = np.stack([curve[:, channel][image[..., channel]] for channel in range(3)], axis=2)
    grey = lit.mean(axis=2, keepdims=True)
    return np.asarray(grey + (lit - grey) * shot.saturation, np.float32)


def _coordinates(height: int, width: int) -> tuple[Levels, Levels]:
    """Return rows (H, 1) and columns (1, W) in [0, 1]."""
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    columns = np.linspace(0, 1, width, dtype=np.float32)[None]
    return rows, columns


def _shade(levels: Levels, shadow: Shadow) -> Levels:
    rows, columns = _coordinates(*levels.shape[:2])
    distance = (columns - shadow.x) * np.cos(shadow.angle)
    distance = distance + (rows - shadow.y) * np.sin(shadow.angle)
    edge = 1 / (1 + np.exp(-np.clip(distance / shadow.softness, -30, 30)))
    return np.asarray(levels * (1 - shadow.depth * edge[..., None]), np.float32)


def wash_out(levels: Levels, glare: Glare) -> Levels:
    """Return the (H, W, 3) levels, in [0, 255], with a bright spot on them."""
    rows, columns = _coordinates(*levels.shape[:2])
    dx, dy = columns - glare.x, rows - glare.y
    along = (dx * np.cos(glare.angle) + dy * np.sin(glare.angle)) / glare.length
    across = (dy * np.cos(glare.angle) - dx * np.sin(glare.angle)) / glare.width
    spot = glare.strength * np.exp(-(along**2 + across**2))[..., None]
    return np.asarray(levels * (1 - spot) + 255 * spot, np.float32)


def _blur(levels: Levels, blur: Blur) -> Levels:
    if isinstance(blur, DefocusBlur):
        return np.asarray(cv2.GaussianBlur(levels, (0, 0), blur.sigma), np.float32)
    if isinstance(blur, MotionBlur):
        return np.asarray(cv2.filter2D(levels, -1, blur.kernel()), np.float32)
    height, width = levels.shape[:2]
    small = cv2.resize(levels, blur.size(height, width)[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(
        cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32
    )


def _compress(image: Image, quality: int) -> Image:
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)
