"""Pixels as the text networks want them."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_MIDDLE: Final = 127.5  # of eight-bit pixels: both networks were trained on [-1, 1]


def to_text_input(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Turn (B, H, W, 3) RGB into (B, 3, H, W) float32 in [-1, 1], blue first."""
    planes = images[..., ::-1].transpose(0, 3, 1, 2)
    return np.ascontiguousarray(planes, np.float32) / np.float32(_MIDDLE) - np.float32(1)
