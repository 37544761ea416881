"""Narrow types for what OpenCV and NumPy hand back in wide ones; copies nothing that fits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def as_uint8(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Whole numbers in [0, 255], cut off after the point."""
    return values.astype(np.uint8, copy=False)


def as_float32(values: NDArray[Any]) -> NDArray[np.float32]:
    """Single precision."""
    return values.astype(np.float32, copy=False)
