"""Windows that a photographer's own framing should beat; to train the ranker, and to measure it.

Windows are (left, top, right, bottom) in shares of the picture's sides.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.crops.thumbnail.candidates import Windows

# Pixels of the longer side that a picture is reduced to before it is judged alone: a crop has fewer
# pixels than its picture, and must not be known by its blur.
SEEN_SIDE_PX: Final = 128
ALONE_SIDE_PX: Final = 192  # of the network's input for a picture that is judged alone
_SIDES: Final = (0.45, 0.9)  # of random windows: square root of their share of the area
_STRETCH: Final = 0.35  # of random windows: largest logarithm of how much wider than the picture
_LARGEST_SAME: Final = 0.75  # side of windows that are compared with others of their size


def draw_windows(rng: np.random.Generator, count: int) -> Windows:
    """Return random windows of a picture, (count, 4)."""
    sides = np.array([_draw_sides(rng) for _ in range(count)])
    near = rng.uniform(size=(count, 2)) * (1 - sides)
    return np.column_stack([near, near + sides])


def draw_same_size(rng: np.random.Generator, count: int) -> Windows:
    """Return the window in the middle, then others of its size elsewhere, (1 + count, 4)."""
    sides = np.minimum(_draw_sides(rng), _LARGEST_SAME)
    near = np.vstack([(1 - sides) / 2, rng.uniform(size=(count, 2)) * (1 - sides)])
    return np.column_stack([near, near + sides])


def overlaps(first: NDArray[np.float64], windows: Windows) -> NDArray[np.float64]:
    """Return the intersection over union of a window with each of others."""
    sides = np.minimum(first[2:], windows[:, 2:]) - np.maximum(first[:2], windows[:, :2])
    shared = sides.clip(min=0).prod(axis=1)
    areas = (windows[:, 2:] - windows[:, :2]).prod(axis=1)
    return np.asarray(shared / (areas + (first[2:] - first[:2]).prod() - shared))


def cut_window(image: NDArray[np.uint8], window: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return what a window shows of an (H, W, 3) picture, as a photo of its own, blurred alike."""
    height, width = image.shape[:2]
    left, right = (round(float(share) * width) for share in (window[0], window[2]))
    top, bottom = (round(float(share) * height) for share in (window[1], window[3]))
    part = image[top : max(bottom, top + 1), left : max(right, left + 1)]
    scale = SEEN_SIDE_PX / max(part.shape[:2])
    size = (max(round(part.shape[1] * scale), 1), max(round(part.shape[0] * scale), 1))
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)


def _draw_sides(rng: np.random.Generator) -> NDArray[np.float64]:
    side, stretch = rng.uniform(*_SIDES), np.exp(0.5 * rng.uniform(-_STRETCH, _STRETCH))
    return np.minimum([side * stretch, side / stretch], 1.0)
