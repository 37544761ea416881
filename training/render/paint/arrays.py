"""Narrow types for what OpenCV and NumPy hand back in wide ones; copies nothing that fits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def as_uint8(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Return whole numbers in [0, 255], truncated."""
    return values.astype(np.uint8, copy=False)


def as_float32(values: NDArray[Any]) -> NDArray[np.float32]:
    """Return the array in single precision."""
    return values.astype(np.float32, copy=False)
