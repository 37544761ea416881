"""Training data of SuperPoint: pictures with keypoints, alone and warped onto themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from superglue.superpoint import CELL
from training.augment.camera import Degradation, photograph
from training.augment.warps import WarpRange, draw_warp, inside, warp_points
from training.superpoint.shapes import draw_shape

NO_KEYPOINT: Final = CELL * CELL
"""Class of a cell without a keypoint."""
UNSEEN: Final = -100
"""Class of a cell that shows nothing of the picture; the loss passes over it."""

# Keypoints in common of a pair, at most; scales of a window.
_SHARED: Final = 160
_SCALES: Final = (0.7, 1.6)


@dataclass(frozen=True, slots=True, eq=False)
class KeypointPicture:
    """A picture and its keypoints.

    Attributes:
        image: (H, W, 3) uint8, RGB.
        points: (N, 2) float32, strongest first.
    """

    image: NDArray[np.uint8]
    points: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class KeypointPair:
    """A window of a picture, and the same warped.

    Attributes:
        first: (side, side) uint8, grey.
        second: (side, side) uint8, grey.
        first_cells: (side / 8, side / 8) int64, place of the keypoint in each cell, row by row.
        second_cells: the same of the second.
        first_points: (K, 2) float32 keypoints that both show.
        second_points: (K, 2) float32, where the second shows them.
    """

    first: NDArray[np.uint8]
    second: NDArray[np.uint8]
    first_cells: NDArray[np.int64]
    second_cells: NDArray[np.int64]
    first_points: NDArray[np.float32]
    second_points: NDArray[np.float32]


def draw_shape_batch(count: int, side: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Draw shapes, (B, 1, side, side) in [0, 1], and their cells, (B, side / 8, side / 8)."""
    drawn = [draw_shape(side, rng) for _ in range(count)]
    everything = np.ones((side, side), bool)
    cells = [to_cells(points, everything) for _, points in drawn]
    return to_planes([image for image, _ in drawn]), torch.from_numpy(np.stack(cells))


def draw_keypoint_pair(
    picture: KeypointPicture, side: int, reach: WarpRange, rng: np.random.Generator
) -> KeypointPair:
    """Draw a window of the picture at a random scale, and a warp of it, each with its own shot."""
    window = _window(picture.image.shape, side, rng)
    homography = draw_warp(side, side, reach, rng) @ window
    seen = inside(warp_points(picture.points, window), side, side)
    points = picture.points[seen]
    views = [_seen(picture.image, warp, side) for warp in (window, homography)]
    places = [warp_points(points, warp) for warp in (window, homography)]
    shared = np.nonzero(inside(places[1], side, side))[0][:_SHARED]
    return KeypointPair(
        first=_grey(views[0][0], rng),
        second=_grey(views[1][0], rng),
        first_cells=to_cells(places[0], views[0][1]),
        second_cells=to_cells(places[1], views[1][1]),
        first_points=places[0][shared],
        second_points=places[1][shared],
    )


def to_cells(points: NDArray[np.float32], shown: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return (H / 8, W / 8) int64: the first point's place in each cell, or a class without one.

    Classes without a point are `NO_KEYPOINT` and `UNSEEN`.

    Args:
        points: (N, 2), strongest first; those outside count for nothing.
        shown: (H, W), which pixels show the picture.
    """
    height, width = shown.shape
    rows, columns = height // CELL, width // CELL
    cells = np.full((rows, columns), NO_KEYPOINT, np.int64)
    whole = shown.reshape(rows, CELL, columns, CELL).all(axis=(1, 3))
    at = np.rint(points[inside(points, width, height)]).astype(np.int64)[::-1]
    x, y = at[:, 0], at[:, 1]
    cells[y // CELL, x // CELL] = (y % CELL) * CELL + x % CELL
    cells[~whole] = UNSEEN
    return cells


def to_planes(images: Sequence[NDArray[np.uint8]]) -> Tensor:
    """Return grey (H, W) pictures of one size as (B, 1, H, W) float32 in [0, 1]."""
    return torch.from_numpy(np.stack(images))[:, None].float() / 255


def _window(shape: tuple[int, ...], side: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the map from picture to a square window, which a large enough picture fills."""
    height, width = shape[:2]
    scale = max(float(rng.uniform(*_SCALES)), side / min(height, width))
    left = rng.uniform(0, max(width * scale - side, 0))
    top = rng.uniform(0, max(height * scale - side, 0))
    return np.array([[scale, 0, -left], [0, scale, -top], [0, 0, 1.0]])


def _seen(
    image: NDArray[np.uint8], warp: NDArray[np.float64], side: int
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    everything = np.full(image.shape[:2], 255, np.uint8)
    covered = cv2.warpPerspective(everything, warp, (side, side))
    return np.asarray(cv2.warpPerspective(image, warp, (side, side)), np.uint8), covered > 0


def _grey(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    shot = photograph(image, rng, Degradation(float(rng.uniform(0, 0.6))))
    return np.asarray(cv2.cvtColor(shot, cv2.COLOR_RGB2GRAY), np.uint8)
