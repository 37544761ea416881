"""Does the whole crop agree with its place, cell by cell?

In a crop every cell with some texture correlates with its place, unmoved. Another view, another
frame or a near-twin agrees in parts, and its other parts are moved or different.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.crops.locate.alignment.grids import lay_over
from matcher.crops.locate.alignment.overlays import find_overlay
from matcher.crops.locate.alignment.photometry import match_colours
from matcher.crops.locate.geometry import CropPlacement
from matcher.crops.locate.pictures import ContentBox
from matcher.crops.locate.pyramid import PicturePyramid

GRID_SIDE_PX: Final = 384
_CELL_PX: Final = 15
_STEP_PX: Final = 5  # between cells, which overlap
_SHIFT_PX: Final = 3  # how far a moved cell is looked for
_SMOOTHING_PX: Final = 0.8  # hides JPEG's noise and sharpening
_TEXTURED: Final = 5.0  # grey levels of standard deviation; less drowns in compression
_STRONG: Final = 12.0  # grey levels; no compression of interest hides this
_AGREES: Final = 0.6  # correlation
_BROKEN: Final = 0.7  # correlation; strong texture keeps more than this
_MOVED: Final = 0.12  # correlation gained by moving a cell
# Down and right, to all sides.
_DIRECTIONS: Final = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
_SWAYING_CELLS: Final = 3  # a side, of a part that moves as a whole
_OTHER_COLOUR: Final = 14.0  # grey levels between the means of cells without texture


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well two pictures agree where they lie over each other.

    Attributes:
        correlation: mean of textured cells, -1 to 1; 0 without any.
        worst: the correlation that 19 of 20 textured cells exceed.
        disagreeing: share of all cells that do not agree, 0 to 1.
        moved: share of textured cells that agree better beside their place.
        broken: share of strongly textured cells that do not agree at all.
        drift: pixels of the grid by which a tenth of the textured cells are off, or more.
        sway: the same of parts of three cells a side, where noise cancels out and motion does not.
        overall: correlation of the whole, coarse shapes and colours included.
        residual: median difference in grey levels after matching colours.
        contrast: standard deviation in grey levels of what is compared.
        textured: number of textured cells, counted as if they did not overlap.
        covered: share of the crop that lies within the full picture.
        side: geometric mean side of the grid, in pixels.
    """

    correlation: float
    worst: float
    disagreeing: float
    moved: float
    broken: float
    drift: float
    sway: float
    overall: float
    residual: float
    contrast: float
    textured: float
    covered: float
    side: float


def compare(
    crop: PicturePyramid,
    box: ContentBox,
    full: PicturePyramid,
    placement: CropPlacement,
    side: int = GRID_SIDE_PX,
    *,
    shifts: bool = True,
    overlays: bool = True,
) -> Agreement | None:
    """Measure agreement over the part `box` of a crop; None if hardly anything overlaps.

    Without `shifts` no cell is looked for beside its place, which takes most of the time.
    Without `overlays` what is drawn over the crop counts, too.
    """
    grid = lay_over(crop, box, full, placement, side)
    if grid is None:
        return None
    image, inside = grid.warped(grid.placement)
    covered = float(inside.mean())
    if inside.sum() < 64:
        return None
    target = grid.crop.astype(np.float32)
    fitted = match_colours(image, target, inside.astype(np.float32)).apply(image)
    overlay = find_overlay(target, fitted, inside) if overlays else None
    if overlay is not None:
        inside = inside & ~overlay
    difference = np.abs(fitted - target).mean(axis=2)
    cells = _cells(_grey(target), _grey(fitted), inside, _SHIFT_PX if shifts else 0)
    overall = _overall(target, fitted, inside)
    textured, count = cells.textured, max(int(cells.valid.sum()), 1)
    means = np.abs(cells.mean_off)
    flat_off = cells.valid & ~textured & (means > _OTHER_COLOUR)
    wrong = textured & (cells.still < _AGREES)
    values = cells.still[textured]
    moved = textured & (cells.best > cells.still + _MOVED) & (cells.best > _AGREES)
    scale = _STEP_PX**2 / _CELL_PX**2
    return Agreement(
        float(values.mean()) if len(values) else 0.0,
        float(np.quantile(values, 0.05)) if len(values) else 0.0,
        float((flat_off | wrong).sum()) / count,
        float(moved.sum()) / max(int(textured.sum()), 1),
        float((cells.still[cells.strong] < _BROKEN).mean()) if cells.strong.any() else 0.0,
        float(np.quantile(cells.drift[textured], 0.9)) if len(values) else 0.0,
        float(np.quantile(cells.sway[textured], 0.9)) if len(values) else 0.0,
        overall,
        float(np.median(difference[inside])),
        float(_grey(target)[inside].std()),
        float(textured.sum()) * scale,
        covered,
        float(np.sqrt(inside.size)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    valid: NDArray[np.bool_]
    textured: NDArray[np.bool_]
    strong: NDArray[np.bool_]
    drift: NDArray[np.float32]
    sway: NDArray[np.float32]
    still: NDArray[np.float32]
    best: NDArray[np.float32]
    mean_off: NDArray[np.float32]


def _grey(image: NDArray[np.float32]) -> NDArray[np.float32]:
    grey = image @ np.array([0.299, 0.587, 0.114], np.float32)
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), _SMOOTHING_PX), np.float32)


def _overall(
    target: NDArray[np.float32], fitted: NDArray[np.float32], inside: NDArray[np.bool_]
) -> float:
    one, other = target[inside], fitted[inside]
    one, other = one - one.mean(axis=0), other - other.mean(axis=0)
    size = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / max(size, 1e-6)


def _cells(
    crop: NDArray[np.float32],
    full: NDArray[np.float32],
    inside: NDArray[np.bool_],
    reach: int,
) -> _Cells:
    side = min(_CELL_PX, crop.shape[0], crop.shape[1])
    first = (side - 1) // 2

    def sampled(values: NDArray[np.float32], cells: int = 1) -> NDArray[np.float32]:
        window = (cells * side, cells * side)
        means = cv2.boxFilter(values, cv2.CV_32F, window, borderType=cv2.BORDER_REFLECT)
        low, right = values.shape[0] - side // 2, values.shape[1] - side // 2
        return np.asarray(means[first:low:_STEP_PX, first:right:_STEP_PX], np.float32)

    valid = sampled(inside.astype(np.float32)) > 0.97
    middle = float(crop.mean())
    one, other = crop - middle, full - middle
    one_mean, one_var = sampled(one), sampled(one * one)
    one_var = np.maximum(one_var - one_mean**2, 0)

    def correlate(moved: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        mean = sampled(moved)
        var = np.maximum(sampled(moved * moved) - mean**2, 0)
        shared = sampled(one * moved) - one_mean * mean
        return shared / np.sqrt(np.maximum(one_var * var, 4.0)), mean, var

    still, mean, var = correlate(other)
    textured = valid & (np.maximum(one_var, var) > _TEXTURED**2)
    best = still.copy()
    # A cell that agrees so well cannot gain enough by moving to count as moved.
    doubtful = bool((textured & (still < 1.0 - _MOVED)).any())
    for length in range(1, reach + 1) if doubtful else ():
        for down, right in _DIRECTIONS:
            rolled = np.roll(other, (down * length, right * length), axis=(0, 1))
            best = np.maximum(best, correlate(rolled)[0])
    strong = valid & (np.maximum(one_var, var) > _STRONG**2)
    weights = inside.astype(np.float32)
    drift = _drift(one, other, weights, sampled)
    sway = _drift(one, other, weights, partial(sampled, cells=_SWAYING_CELLS))
    return _Cells(valid, textured, strong, drift, sway, still, best, one_mean - mean)


def _drift(
    crop: NDArray[np.float32],
    full: NDArray[np.float32],
    weights: NDArray[np.float32],
    sampled: Callable[[NDArray[np.float32]], NDArray[np.float32]],
) -> NDArray[np.float32]:
    """By how many pixels each cell is off: one step of Lucas and Kanade, along its gradients."""
    gx = np.asarray(cv2.Scharr(full, cv2.CV_32F, 1, 0) / 32.0, np.float32)
    gy = np.asarray(cv2.Scharr(full, cv2.CV_32F, 0, 1) / 32.0, np.float32)
    off = (crop - full) * weights
    gx, gy = gx * weights, gy * weights
    xx, yy, xy = sampled(gx * gx) + 1.0, sampled(gy * gy) + 1.0, sampled(gx * gy)
    x, y = sampled(gx * off), sampled(gy * off)
    determinant = xx * yy - xy * xy
    right = (yy * x - xy * y) / determinant
    down = (xx * y - xy * x) / determinant
    return np.asarray(np.minimum(np.hypot(right, down), 4.0), np.float32)
