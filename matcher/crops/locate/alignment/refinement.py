"""Moving a placement by fractions of a pixel until the pictures agree best.

Gauss-Newton on the crop's grey values (Lucas and Kanade, 1981; Baker and Matthews, 2004), over the
five numbers of a crop's placement, with robust weights so that overlays do not count.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.crops.locate.alignment.grids import Grid, lay_over, warp
from matcher.crops.locate.alignment.photometry import match_colours
from matcher.crops.locate.geometry import CropPlacement, PixelSize
from matcher.crops.locate.pictures import ContentBox, size_of
from matcher.crops.locate.pyramid import PicturePyramid

_ROUNDS: Final = 6  # steps between fits of the colours
_COLOUR_ROUNDS: Final = 3  # fits of the colours; the third hardly changes them
_DAMPING: Final = 1e-4  # of each number's own weight
# Pixels of the grid: less is no step any more, on grids that a finer one follows and on the last.
_STILL_PX: Final = (0.02, 0.004)
_FINE_PX: Final = 200  # side of a grid that counts as the last
_STRAIGHT_DEG: Final = 0.35  # a smaller turn is none: people do not turn crops by that
_FURTHEST_SHARE: Final = 0.12  # of the grid's side that one level may move in all
_PAPER: Final = 8.0  # grey levels from the median within which a pixel is background
_MOSTLY_EMPTY: Final = 0.3  # share of pixels with something drawn, below which a page is empty
_NO_TURN_DEG: Final = 1e-6  # rounding
_SETTLED_PX: Final = 200  # side of a grid from which a straight placement stays straight
_SMOOTHING_PX: Final = 0.7  # hides JPEG's noise and what sharpening adds


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """Coordinates of a grid's pixels about its middle."""

    xs: NDArray[np.float32]
    ys: NDArray[np.float32]
    middle: NDArray[np.float64]

    @classmethod
    def of(cls, size: PixelSize) -> "_Frame":
        middle = np.array([size.width / 2, size.height / 2])
        xs = np.arange(size.width, dtype=np.float32)[None, :] + np.float32(0.5 - middle[0])
        ys = np.arange(size.height, dtype=np.float32)[:, None] + np.float32(0.5 - middle[1])
        return cls(xs, ys, middle)


def refine(
    crop: PicturePyramid,
    box: ContentBox,
    full: PicturePyramid,
    placement: CropPlacement,
    sides: tuple[int, ...],
    *,
    unturned: bool = False,
) -> CropPlacement:
    """Refine a placement on grids of these sizes, coarse first.

    Args:
        crop: the crop.
        box: the part of it that is looked at.
        full: the full picture.
        placement: from the crop to the full picture, off by few pixels of the first grid.
        sides: longest sides of the grids in pixels.
        unturned: the placement is straight and stays so.
    """
    current, previous = placement, (0, 0)
    for side in sides:
        grid = lay_over(crop, box, full, current, side)
        if grid is None:
            return current
        shape = size_of(grid.crop)
        if (shape.width, shape.height) == previous:
            break  # finer than the pictures are
        previous = (shape.width, shape.height)
        settled = max(shape.width, shape.height) >= _SETTLED_PX and _is_straight(current)
        current = grid.to_pictures(_refine_on(grid, straight=unturned or settled)).squared_up()
    return current


def _refine_on(grid: Grid, *, straight: bool) -> CropPlacement:
    if straight:
        return _descend(grid, grid.placement.squared_up(straight=True), straight=True)
    turned = _descend(grid, grid.placement, straight=False)
    if _off_quarter(turned) > _STRAIGHT_DEG:
        return turned
    return _descend(grid, turned.squared_up(straight=True), straight=True)


def _off_quarter(placement: CropPlacement) -> float:
    """Degrees between a turn and the nearest multiple of 90."""
    quarter = placement.rotation / 90.0
    return abs(quarter - round(quarter)) * 90.0


def _is_straight(placement: CropPlacement) -> bool:
    return _off_quarter(placement) < _NO_TURN_DEG


def _descend(grid: Grid, start: CropPlacement, *, straight: bool) -> CropPlacement:
    crop = grid.crop.astype(np.float32)
    target = _smooth(_luminance(crop))
    size = size_of(grid.crop)
    frame = _Frame.of(size)
    still = _STILL_PX[max(size.width, size.height) >= _FINE_PX]
    reach = max(3.0, _FURTHEST_SHARE * max(size.width, size.height))
    ends = np.array([[0, 0], [size.width, size.height]], np.float64)
    current = start
    busy = _busy(target)
    weights = np.ones(target.shape, np.float32)
    for _ in range(_COLOUR_ROUNDS):
        image, inside = grid.warped(current)
        colours = match_colours(image, crop, weights * inside)
        full = colours.luminance(grid.full)
        before = current
        for _ in range(_ROUNDS):
            moved = _smooth(warp(full, current, size))
            residual = np.where(inside, target - moved, np.float32(0))
            weights = _robust(residual, inside, busy)
            step = _solve(moved, residual, weights, frame, straight)
            following = _compose(current, step, frame.middle)
            travelled = np.abs(following.apply(ends) - start.apply(ends)).max()
            if not np.isfinite(travelled) or travelled > reach:
                return current
            shift = np.abs(following.apply(ends) - current.apply(ends)).max()
            current = following
            if shift < still:
                break
        if np.abs(current.apply(ends) - before.apply(ends)).max() < 4 * still:
            break
    return current


def _luminance(image: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(image @ np.array([0.299, 0.587, 0.114], np.float32), np.float32)


def _smooth(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), _SMOOTHING_PX), np.float32)


def _busy(target: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    """Where something is drawn on a page that is empty for the most part; None of other pictures.

    Errors are told by these pixels, as those of the empty ones are nought wherever they lie.
    """
    drawn = np.abs(target - np.median(target[::3, ::3])) > _PAPER
    share = float(drawn.mean())
    return np.asarray(drawn, np.bool_) if 0.001 < share < _MOSTLY_EMPTY else None


def _robust(
    residual: NDArray[np.float32], inside: NDArray[np.bool_], busy: NDArray[np.bool_] | None
) -> NDArray[np.float32]:
    size = np.abs(residual)
    sampled = size[::3, ::3][inside[::3, ::3]] if busy is None else size[inside & busy]
    spread = max(1.0, 1.5 * float(np.median(sampled))) if len(sampled) else 1.0
    return np.asarray(inside / (1.0 + (size / (2.0 * spread)) ** 2), np.float32)


def _solve(
    moved: NDArray[np.float32],
    residual: NDArray[np.float32],
    weights: NDArray[np.float32],
    frame: _Frame,
    straight: bool,
) -> NDArray[np.float64]:
    """Shift x, shift y, stretch x, stretch y, turn; the last is 0 if `straight`."""
    flat = np.empty((4 if straight else 5, *moved.shape), np.float32)
    gx = cv2.Scharr(moved, cv2.CV_32F, 1, 0, scale=1 / 32)
    gy = cv2.Scharr(moved, cv2.CV_32F, 0, 1, scale=1 / 32)
    flat[0], flat[1] = gx, gy
    np.multiply(gx, frame.xs, out=flat[2])
    np.multiply(gy, frame.ys, out=flat[3])
    if not straight:
        np.subtract(gy * frame.xs, gx * frame.ys, out=flat[4])
    weighted = (flat * weights).reshape(len(flat), -1)
    left = (weighted @ flat.reshape(len(flat), -1).T).astype(np.float64)
    right = (weighted @ residual.ravel()).astype(np.float64)
    scale = np.sqrt(np.maximum(np.diag(left), 1e-9))
    left = left / np.outer(scale, scale) + np.eye(len(left)) * _DAMPING
    step = np.linalg.solve(left, right / scale) / scale
    return np.concatenate([step, [0.0]]) if straight else np.asarray(step)


def _compose(
    placement: CropPlacement, step: NDArray[np.float64], middle: NDArray[np.float64]
) -> CropPlacement:
    shift = step[:2]
    square = np.array([[1 + step[2], -step[4]], [step[4], 1 + step[3]]])
    inner = placement.matrix[:, :2]
    matrix = np.column_stack([inner @ square, np.zeros(2)])
    centre = inner @ (middle + shift) + placement.matrix[:, 2]
    return CropPlacement(matrix).squared_up().moved_to(middle, centre)
