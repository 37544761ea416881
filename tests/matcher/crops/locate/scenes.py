"""Painted scenes with shapes of all sizes."""

import cv2
import numpy as np
from numpy.typing import NDArray


def scene(seed: int, width: int = 480, height: int = 320) -> NDArray[np.uint8]:
    """(height, width, 3) shapes on a gradient."""
    random = np.random.default_rng(seed)
    ramp = np.linspace(60, 180, width)[None, :, None] * np.ones((height, 1, 3))
    image = np.ascontiguousarray(ramp.astype(np.uint8))
    for size in np.geomspace(80, 4, 160):
        x, y = int(random.integers(width)), int(random.integers(height))
        colour = tuple(int(value) for value in random.integers(0, 256, 3))
        if random.random() < 0.5:
            cv2.circle(image, (x, y), int(size), colour, -1, cv2.LINE_AA)
        else:
            corner = (x + int(size * random.uniform(0.5, 2)), y + int(size))
            cv2.rectangle(image, (x, y), corner, colour, -1)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 0.7), np.uint8)


def encoded(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """A picture after JPEG."""
    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.ascontiguousarray(decoded[..., ::-1]).astype(np.uint8)
