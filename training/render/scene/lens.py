"""A small camera's effects on a clean picture: motion blur, softness, exposure, noise."""

import cv2
import numpy as np
from numpy.typing import NDArray

from training.render.paint.arrays import as_uint8
from training.render.scene.raster import Layer

Picture = NDArray[np.uint8]


def streak(movement: NDArray[np.floating]) -> NDArray[np.float32] | None:
    """Return the kernel of a straight movement (dx, dy) in pixels; None when too short to see."""
    length = float(np.hypot(*movement))
    if length < 0.8:
        return None
    reach = int(np.ceil(length / 2)) + 1
    size = 2 * reach + 1
    kernel = np.zeros((size, size), np.float32)
    steps = max(int(length * 4), 8)
    for share in np.linspace(-0.5, 0.5, steps):
        x, y = reach + movement[0] * share, reach + movement[1] * share
        left, top = int(np.floor(x)), int(np.floor(y))
        fx, fy = float(x - left), float(y - top)
        for dx, dy, weight in (
            (0, 0, (1 - fx) * (1 - fy)),
            (1, 0, fx * (1 - fy)),
            (0, 1, (1 - fx) * fy),
            (1, 1, fx * fy),
        ):
            kernel[min(top + dy, size - 1), min(left + dx, size - 1)] += weight
    normal: NDArray[np.float32] = kernel / kernel.sum()
    return normal


def blurred(picture: Picture, movement: NDArray[np.floating]) -> Picture:
    """Return a picture smeared along a movement in pixels."""
    kernel = streak(movement)
    if kernel is None:
        return picture
    return as_uint8(cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_REPLICATE))


def blurred_layer(layer: Layer, movement: NDArray[np.floating], width: int, height: int) -> Layer:
    """Return a layer smeared along a movement, its edge too, kept inside a picture of that size."""
    kernel = streak(movement)
    if kernel is None:
        return layer
    reach = kernel.shape[0] // 2
    rows, columns = layer.alpha.shape
    left, top = min(reach, layer.left), min(reach, layer.top)
    right = min(reach, width - layer.left - columns)
    bottom = min(reach, height - layer.top - rows)
    whole = cv2.merge([*cv2.split(layer.colour), layer.alpha])
    # Nothing lies around a layer, except beyond the picture's edge, where it goes on.
    padded = cv2.copyMakeBorder(whole, top, bottom, left, right, cv2.BORDER_CONSTANT, value=0)
    smeared = cv2.filter2D(padded, -1, kernel, borderType=cv2.BORDER_REPLICATE)
    colour = as_uint8(cv2.cvtColor(smeared, cv2.COLOR_RGBA2RGB))
    alpha = as_uint8(cv2.extractChannel(smeared, 3))
    return Layer(colour, alpha, layer.left - left, layer.top - top)


class Sensor:
    """Exposure, colour balance, vignette and noise.

    Args:
        width: pixels.
        height: of the picture in pixels.
        seed: of the noise.
        grain: standard deviation of the noise in grey levels, in the shadows.
    """

    def __init__(self, width: int, height: int, seed: int, grain: float = 1.9) -> None:
        self._size = (width, height)
        self._seed = seed
        rng = np.random.default_rng([seed, 77])
        margin = 64
        shape = (height + margin, width + margin)
        fine = rng.normal(0, grain, (*shape, 3)).astype(np.float32)
        blotch = rng.normal(0, grain * 0.55, (shape[0] // 4, shape[1] // 4, 3)).astype(np.float32)
        fine += cv2.resize(blotch, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
        fine = cv2.GaussianBlur(fine, (0, 0), 0.55) * 1.35
        self._noise = np.clip(fine, -40, 40).astype(np.int16)
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        radius = np.hypot((x / width - 0.5) * 1.1, y / height - 0.5)
        shade = (255 * (1 - 0.42 * np.clip(radius, 0, 1) ** 2.4)).astype(np.uint8)
        self._vignette = cv2.cvtColor(shade, cv2.COLOR_GRAY2RGB)

    def expose(self, scene: Picture, index: int, gain: float, warmth: float) -> Picture:
        """Return the picture as the camera delivers it.

        Args:
            scene: (height, width, 3) as it is.
            index: of the frame; chooses the noise.
            gain: exposure, about 1.
            warmth: colour cast, about 0; positive is redder.
        """
        soft = cv2.GaussianBlur(scene, (3, 3), 0.55)
        levels = np.arange(256) / 255
        tables = []
        for channel_gain in (gain * (1 + warmth), gain, gain * (1 - warmth)):
            # A soft shoulder: highlights roll off instead of clipping.
            toned = 1 - np.exp(-levels * channel_gain * 0.9)
            tables.append(np.clip(toned / (1 - np.exp(-0.9)) * 255, 0, 255).astype(np.uint8))
        exposed = cv2.LUT(soft, np.stack(tables, axis=-1)[:, None, :])
        shaded = cv2.multiply(exposed, self._vignette, scale=1 / 255)
        rng = np.random.default_rng([self._seed, index])
        top, left = (int(value) for value in rng.integers(0, 64, 2))
        width, height = self._size
        grain = self._noise[top : top + height, left : left + width]
        if rng.random() < 0.5:
            grain = grain[:, ::-1]
        return as_uint8(cv2.add(shaded, grain, dtype=cv2.CV_8U))
