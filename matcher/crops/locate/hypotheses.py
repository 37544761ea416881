"""Placements that many pairs of keypoints agree on.

RANSAC (Fischler and Bolles, 1981) over the maps that cropping makes, from one pair (scale and angle
of its keypoints), from two pairs (a turn and one scale), or from two pairs without a turn (a scale
for each axis); the best are fitted to all their pairs again (LO-RANSAC, Chum et al., 2003).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.crops.locate.features import Pairs
from matcher.crops.locate.geometry import CropPlacement

_DRAWS: Final = 500  # of each kind: finds a tenth of right pairs five times
_MOST_SINGLE: Final = 300  # pairs, the least doubtful
_LEAST_INLIERS: Final = 4  # pairs; fewer agree by accident
_TOLERANCE: Final = 2.5  # times what a keypoint may be off
_WIDEST_ASPECT: Final = 2.2  # between both scales
_SMALLEST_SCALE: Final = 1 / 6  # full pixels per crop pixel
_SCORED: Final = 200  # pairs that each map is tried on first
_SHORT_LIST: Final = 60  # maps that are tried on all pairs
_FITTED: Final = 5  # maps that are fitted to their pairs
_FITS: Final = 6  # rounds; most settle after three


@dataclass(frozen=True, slots=True, eq=False)
class PlacementHypothesis:
    """A placement and how many distinct pairs of keypoints agree on it."""

    placement: CropPlacement
    inliers: int


def find_hypotheses(pairs: Pairs, most: int = 3, seed: int = 0) -> Iterator[PlacementHypothesis]:
    """Yield placements that pairs agree on, each of its own pairs; mostly the best first."""
    left = np.arange(len(pairs))
    for _ in range(most):
        if len(left) < _LEAST_INLIERS:
            break
        remaining = _select(pairs, left)
        best = _best(remaining, np.random.default_rng(seed))
        if best is None:
            break
        yield best
        left = left[~inliers_of(best.placement, remaining)]


def inliers_of(placement: CropPlacement, pairs: Pairs, factor: float = 1.0) -> NDArray[np.bool_]:
    """Which pairs lie where the placement has them."""
    off = np.linalg.norm(placement.apply(pairs.crop) - pairs.full, axis=1)
    return np.asarray(off < factor * _allowed(placement, pairs), np.bool_)


def _allowed(placement: CropPlacement, pairs: Pairs) -> float:
    return _TOLERANCE * (pairs.tolerance[0] + pairs.tolerance[1] * placement.scale)


def _select(pairs: Pairs, kept: NDArray[np.intp]) -> Pairs:
    return Pairs(
        pairs.crop[kept],
        pairs.full[kept],
        pairs.zoom[kept],
        pairs.turn[kept],
        pairs.quality[kept],
        pairs.tolerance,
    )


def _best(pairs: Pairs, random: np.random.Generator) -> PlacementHypothesis | None:
    matrices = np.concatenate([_from_one(pairs), *_from_two(pairs, random)])
    matrices = matrices[_possible(matrices)]
    if not len(matrices):
        return None
    if len(pairs) > _SCORED:
        # Pairs come with the least doubtful first: those decide which maps all are asked about.
        some = _score(matrices, _select(pairs, np.arange(_SCORED)))
        matrices = matrices[np.argsort(-some, kind="stable")[:_SHORT_LIST]]
    scores = _score(matrices, pairs)
    best: PlacementHypothesis | None = None
    for index in np.argsort(-scores, kind="stable")[:_FITTED]:
        fitted = _fit(CropPlacement(matrices[index]), pairs)
        if best is None or fitted.inliers > best.inliers:
            best = fitted
    return best if best is not None and best.inliers >= _LEAST_INLIERS else None


def _from_one(pairs: Pairs) -> NDArray[np.float64]:
    count = min(len(pairs), _MOST_SINGLE)
    cosine = np.cos(pairs.turn[:count]) * pairs.zoom[:count]
    sine = np.sin(pairs.turn[:count]) * pairs.zoom[:count]
    return _through(cosine, -sine, sine, cosine, pairs.crop[:count], pairs.full[:count])


def _from_two(pairs: Pairs, random: np.random.Generator) -> list[NDArray[np.float64]]:
    likely = pairs.quality / pairs.quality.sum()
    first = random.choice(len(pairs), _DRAWS, p=likely)
    second = random.choice(len(pairs), _DRAWS, p=likely)
    crop = pairs.crop[first] - pairs.crop[second]
    full = pairs.full[first] - pairs.full[second]
    far = np.linalg.norm(crop, axis=1) > 4 * pairs.tolerance[1]
    crop, full, first = crop[far], full[far], first[far]
    square = np.maximum((crop**2).sum(axis=1), 1e-9)
    real = (crop * full).sum(axis=1) / square
    imaginary = (crop[:, 0] * full[:, 1] - crop[:, 1] * full[:, 0]) / square
    turned = _through(real, -imaginary, imaginary, real, pairs.crop[first], pairs.full[first])
    wide = np.abs(crop).min(axis=1) > 4 * pairs.tolerance[1]
    crop, full, first = crop[wide], full[wide], first[wide]
    zeros = np.zeros(len(crop))
    straight = _through(
        full[:, 0] / crop[:, 0],
        zeros,
        zeros,
        full[:, 1] / crop[:, 1],
        pairs.crop[first],
        pairs.full[first],
    )
    return [turned, straight]


def _through(
    xx: NDArray[np.float64],
    xy: NDArray[np.float64],
    yx: NDArray[np.float64],
    yy: NDArray[np.float64],
    crop: NDArray[np.float64],
    full: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(N, 2, 3) maps with these entries that take each crop's point to its full picture's."""
    left = full[:, 0] - xx * crop[:, 0] - xy * crop[:, 1]
    top = full[:, 1] - yx * crop[:, 0] - yy * crop[:, 1]
    rows = (np.stack([xx, xy, left], axis=1), np.stack([yx, yy, top], axis=1))
    return np.stack(rows, axis=1)


def _possible(matrices: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which maps do not mirror, and squeeze no more than a change of aspect does."""
    first = np.linalg.norm(matrices[:, :, 0], axis=1)
    second = np.linalg.norm(matrices[:, :, 1], axis=1)
    turned = matrices[:, 0, 0] * matrices[:, 1, 1] - matrices[:, 0, 1] * matrices[:, 1, 0] > 0
    aspect = np.maximum(first, second) / np.maximum(np.minimum(first, second), 1e-9)
    sized = (first > _SMALLEST_SCALE) & (first < 1 / _SMALLEST_SCALE)
    return np.asarray(turned & (aspect < _WIDEST_ASPECT) & sized, np.bool_)


def _score(matrices: NDArray[np.float64], pairs: Pairs) -> NDArray[np.float64]:
    points = np.vstack([pairs.crop.T, np.ones(len(pairs))]).astype(np.float32)
    full = pairs.full.T.astype(np.float32)
    maps = matrices.astype(np.float32)
    right, down = maps[:, 0] @ points - full[0], maps[:, 1] @ points - full[1]
    determinant = matrices[:, 0, 0] * matrices[:, 1, 1] - matrices[:, 0, 1] * matrices[:, 1, 0]
    scales = np.sqrt(np.abs(determinant))
    allowed = 1.5 * _TOLERANCE * (pairs.tolerance[0] + pairs.tolerance[1] * scales)
    np.square(right, out=right)
    right += np.square(down, out=down)
    right /= (-(allowed**2)).astype(np.float32)[:, None]
    right += 1.0
    return np.asarray(np.maximum(right, 0.0, out=right).sum(axis=1), np.float64)


def _fit(start: CropPlacement, pairs: Pairs) -> PlacementHypothesis:
    placement, factor = start, 3.0
    for _ in range(_FITS):
        within = inliers_of(placement, pairs, factor)
        if within.sum() < _LEAST_INLIERS:
            break
        fitted = fit_placement(pairs.crop[within], pairs.full[within])
        if fitted is None:
            break
        placement, factor = fitted, max(1.0, factor * 0.7)
    within = inliers_of(placement, pairs)
    places = np.rint(pairs.full[within] / (2 * pairs.tolerance[0])).astype(np.int64)
    return PlacementHypothesis(placement, len(np.unique(places, axis=0)))


def fit_placement(crop: NDArray[np.float64], full: NDArray[np.float64]) -> CropPlacement | None:
    """The crop's map nearest to (N, 2) pairs of points; None if none is possible.

    Where the points leave one axis open, as on a line, both axes get one scale.
    """
    middle_crop, middle_full = crop.mean(axis=0), full.mean(axis=0)
    inside, outside = crop - middle_crop, full - middle_full
    spread = inside.T @ inside
    weakest = float(np.linalg.eigvalsh(spread)[0])
    if len(crop) >= 6 and weakest > 0.02 * float(np.trace(spread)):
        square = np.linalg.solve(spread, inside.T @ outside).T
    else:
        total = max(float(np.trace(spread)), 1e-9)
        real = float((inside * outside).sum()) / total
        cross = inside[:, 0] * outside[:, 1] - inside[:, 1] * outside[:, 0]
        imaginary = float(cross.sum()) / total
        square = np.array([[real, -imaginary], [imaginary, real]])
    matrix = np.column_stack([square, np.zeros(2)])
    if not _possible(matrix[None])[0]:
        return None
    return CropPlacement(matrix).squared_up().moved_to(middle_crop, middle_full)
