"""Crops that others make: the middle, the most salient window, the one of most entropy."""

from collections.abc import Callable
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.crops.thumbnail.aspect import Aspect
from matcher.crops.thumbnail.candidates import largest_window
from matcher.crops.thumbnail.ranker import sum_windows
from matcher.crops.thumbnail.saliency import spectral_residual
from matcher.imaging.box import Box

Image = NDArray[np.uint8]
CropAll: TypeAlias = Callable[[Image, tuple[Aspect, ...]], tuple[Box, ...]]
"""Returns a picture's crop at each aspect."""

_STEPS: Final = 17  # positions along the side that is cut
_MAP_SIDE_PX: Final = 64
_BINS: Final = 32  # of a histogram of grey levels


def centre_crops(image: Image, aspects: tuple[Aspect, ...]) -> tuple[Box, ...]:
    """Cut the largest window in the middle."""
    return tuple(_largest_windows(image, aspect)[_STEPS // 2] for aspect in aspects)


def spectral_crops(image: Image, aspects: tuple[Aspect, ...]) -> tuple[Box, ...]:
    """Cut the largest window with the most spectral residual, as OpenCV's saliency module has it.

    That module is in opencv-contrib only; the method is the same (Hou and Zhang, 2007).
    """
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    values = spectral_residual(grey, _MAP_SIDE_PX)
    scale = np.array([values.shape[1] / image.shape[1], values.shape[0] / image.shape[0]] * 2)

    def best(aspect: Aspect) -> Box:
        windows = _largest_windows(image, aspect)
        rows = np.array([[box.left, box.top, box.right, box.bottom] for box in windows])
        return windows[int(sum_windows(values, rows * scale).argmax())]

    return tuple(best(aspect) for aspect in aspects)


def entropy_crops(image: Image, aspects: tuple[Aspect, ...]) -> tuple[Box, ...]:
    """Cut the largest window whose grey levels have the most entropy."""
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)

    def entropy(box: Box) -> float:
        counts, _ = np.histogram(box.crop(grey), _BINS, (0, 256))
        shares = counts[counts > 0] / counts.sum()
        return float(-(shares * np.log(shares)).sum())

    return tuple(max(_largest_windows(image, aspect), key=entropy) for aspect in aspects)


def _largest_windows(image: Image, aspect: Aspect) -> tuple[Box, ...]:
    height, width = image.shape[:2]
    across, down = (max(round(side), 1) for side in largest_window(width, height, aspect.ratio))
    across, down = min(across, width), min(down, height)
    lefts = np.linspace(0, width - across, _STEPS).round()
    tops = np.linspace(0, height - down, _STEPS).round()
    return tuple(
        Box(left, top, left + across, top + down)
        for left, top in zip(lefts.tolist(), tops.tolist(), strict=True)
    )
