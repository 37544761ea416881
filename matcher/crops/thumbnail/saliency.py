"""Where people look in a picture.

With the features of an ImageNet network: places unlike the picture's border, which measured best
(docs/crops/thumbnail.md). Without: the spectral residual (Hou and Zhang, "Saliency detection: a
spectral residual approach", 2007) at several sizes, and colours that stand out. Both with a prior
for the middle, where photographers aim.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_SIDES_PX: Final = (32, 64, 128)  # longer sides of the picture that the residual is taken of
_MAP_SIDE_PX: Final = 64  # longer side of the map
_AVERAGED: Final = 3  # frequencies a side that the log spectrum is smoothed over, as published
_BLUR_SHARE: Final = 0.045  # of the longer side: standard deviation of the last smoothing
_CENTRE_SHARE: Final = 0.45  # of each side: standard deviation of the prior

Saliency = NDArray[np.float32]


def spectral_residual(grey: NDArray[np.uint8], side: int) -> Saliency:
    """Return what the picture's spectrum does not foretell, as (h, w) in [0, 1].

    Args:
        grey: (H, W) uint8.
        side: pixels of the map's longer side.
    """
    small = cv2.resize(grey, _size(grey.shape, side), interpolation=cv2.INTER_AREA)
    spectrum = np.fft.fft2(small.astype(np.float64))
    strength = np.log(np.abs(spectrum) + 1e-9)
    residual = strength - cv2.blur(strength, (_AVERAGED, _AVERAGED))
    unusual = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    smooth = cv2.GaussianBlur(unusual, (0, 0), _BLUR_SHARE * side)
    return _normalised(np.asarray(smooth, np.float32))


def colour_contrast(image: NDArray[np.uint8], side: int) -> Saliency:
    """Return how far each colour is from the picture's border and mean, (h, w) in [0, 1].

    Args:
        image: (H, W, 3) uint8 RGB.
        side: pixels of the map's longer side.
    """
    small = cv2.resize(image, _size(image.shape, side), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)
    border = np.concatenate([lab[0], lab[-1], lab[:, 0], lab[:, -1]])
    distances = [
        np.linalg.norm(lab - colour, axis=2) for colour in (lab.mean((0, 1)), border.mean(0))
    ]
    return _normalised(
        cv2.GaussianBlur(sum(distances[1:], distances[0]), (0, 0), _BLUR_SHARE * side)
    )


def centre_prior(shape: tuple[int, ...]) -> Saliency:
    """Return an (h, w) map that is 1 in the middle and falls off to the sides."""
    rows, columns = ((np.arange(side) + 0.5) / side - 0.5 for side in shape[:2])
    down, across = (np.exp(-0.5 * (at / _CENTRE_SHARE) ** 2) for at in (rows, columns))
    return np.outer(down, across).astype(np.float32)


def feature_saliency(values: NDArray[np.float32]) -> Saliency:
    """Return where people look by a feature map: (rows, columns) that sums to 1.

    The distance of each place from the mean of the border: what fills the border is background.

    Args:
        values: (rows, columns, C), every channel centred and scaled as over many pictures.
    """
    border = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]]).mean(axis=0)
    unlike = _normalised(np.linalg.norm(values - border, axis=2))
    return _summed_to_one(unlike * centre_prior(unlike.shape))


def plain_saliency(image: NDArray[np.uint8]) -> Saliency:
    """Return where people look in an (H, W, 3) RGB picture: (h, w) that sums to 1."""
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    size = _size(image.shape, _MAP_SIDE_PX)
    residuals = [cv2.resize(spectral_residual(grey, side), size) for side in _SIDES_PX]
    unusual = np.mean(residuals, axis=0)
    return _summed_to_one(
        (unusual + colour_contrast(image, _MAP_SIDE_PX)) * centre_prior(unusual.shape)
    )


def even_saliency(width: int, height: int) -> Saliency:
    """Return the map of a picture of that size in which nothing stands out: (h, w), sums to 1."""
    prior = centre_prior(_size((height, width), _MAP_SIDE_PX)[::-1])
    return _summed_to_one(prior)


def _size(shape: tuple[int, ...], side: int) -> tuple[int, int]:
    scale = side / max(shape[:2])
    return max(round(shape[1] * scale), 1), max(round(shape[0] * scale), 1)


def _normalised(values: NDArray[np.floating]) -> Saliency:
    low, high = float(values.min()), float(values.max())
    return np.asarray((values - low) / max(high - low, 1e-12), np.float32)


def _summed_to_one(values: NDArray[np.floating]) -> Saliency:
    """Return the map as shares of its sum; even shares where it is 0 everywhere."""
    total = float(values.sum())
    if total <= 0:
        return np.full(values.shape, 1 / values.size, np.float32)
    return np.asarray(values / total, np.float32)
