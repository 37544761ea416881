"""From SuperPoint's raw maps to keypoints in NumPy: `superglue`'s arithmetic, without torch."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

CELL: Final = 8  # pixels per side of one cell of the network's maps
_ROUNDS: Final = 2  # of suppression after the first; SuperPoint's release does as many


def pixel_probabilities(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn (65, h, w) logits of a cell's pixels and "none" into (8h, 8w) probabilities."""
    raised = np.exp(logits - logits.max(axis=0))
    pixels: NDArray[np.float32] = raised[:-1] / raised.sum(axis=0)
    height, width = logits.shape[1:]
    unfolded = pixels.reshape(CELL, CELL, height, width).transpose(2, 0, 3, 1)
    return unfolded.reshape(height * CELL, width * CELL)


def suppress_non_maxima(heat: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """Set everything but local maxima of an (H, W) map to 0, see `superglue.superpoint`."""
    window = np.ones((2 * radius + 1, 2 * radius + 1), dtype=np.uint8)
    peaks = (heat == cv2.dilate(heat, window)).astype(np.uint8)
    for _ in range(_ROUNDS):
        silenced = cv2.dilate(peaks, window) > 0
        rest = np.where(silenced, np.float32(0), heat)
        peaks |= (rest == cv2.dilate(rest, window)) & ~silenced
    return np.where(peaks > 0, heat, np.float32(0))


def select_strongest(
    heat: NDArray[np.float32], threshold: float, border: int, limit: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return (N, 2) points (x, y) above the threshold and (N,) scores, strongest first."""
    height, width = heat.shape
    inside = heat[border : height - border, border : width - border]
    rows, columns = np.nonzero(inside > threshold)
    scores = inside[rows, columns]
    order = np.argsort(-scores, kind="stable")[:limit]
    points = np.stack([columns[order], rows[order]], axis=1) + border
    return points.astype(np.float32), scores[order]


def sample_descriptors(
    points: NDArray[np.float32], maps: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Sample (N, D) unit descriptors at (N, 2) points of a (D, h, w) map, bilinearly."""
    height, width = maps.shape[1:]
    unit = maps / np.maximum(np.linalg.norm(maps, axis=0), 1e-12)
    cells = np.array([width, height], dtype=np.float32)
    place = (points - CELL / 2 + 0.5) / (cells * CELL - CELL / 2 - 0.5) * (cells - 1)
    place = place.clip(0, cells - 1)
    low = np.minimum(place.astype(np.intp), np.maximum(cells.astype(np.intp) - 2, 0))
    x, y = (place - low).T[:, :, None]
    (x0, y0), (x1, y1) = low.T, np.minimum(low + 1, cells.astype(np.intp) - 1).T
    upper = unit[:, y0, x0].T * (1 - x) + unit[:, y0, x1].T * x
    lower = unit[:, y1, x0].T * (1 - x) + unit[:, y1, x1].T * x
    mixed = upper * (1 - y) + lower * y
    lengths = np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-12)
    unit_again: NDArray[np.float32] = (mixed / lengths).astype(np.float32)
    return unit_again
