"""Pairs that agree on where a surface lies, and those that only its place gives away.

A keypoint alone is mistaken for its like; with its neighbours it is not. Pairs whose scales and
turns foretell one another (the idea of AdaLAM: Cavalli et al., 2020) grow into a homography. Then
each keypoint of the reference is looked for again where that says it must be, where its near-copies
elsewhere in the picture disturb no more (guided matching: Hartley and Zisserman, "Multiple View
Geometry", 2004, section 4.7).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from matcher.keypoints.features import Correspondences, KeypointMatcher, LocalFeatures

_SURFACES: Final = 24
_ASKED: Final = 400  # pairs that surfaces are looked for in: the strongest
_FEWEST: Final = 6  # pairs that make a surface
_SURE: Final = 12  # pairs of the best surface from which all others than surfaces' are wrong
# A pair foretells another when it errs by less than this share of their distance, or pixels.
_FORETOLD: Final = 0.5
_FORETOLD_PIXELS: Final = 4.0
_NEIGHBOURHOOD: Final = 0.3  # of the reference's diagonal
_TIGHTENING: Final = (16.0, 8.0, 4.0, 3.0)  # pixels, one per step of growing
# How far keypoints lie from their true place: pixels, and pixels per pixel of diameter.
_NOISE: Final = (0.5, 0.08)
# Fewer pairs than these show an affine map, no perspective.
_OBLIQUE_FROM: Final = 8
_RIDGE: Final = 1e-7
_OBLIQUE_RIDGE: Final = 1e-4
_BENT: Final = 6.0  # pixels that paper may lie off its plane
_BEND: Final = 0.06  # of the reference's diagonal, over which it does so alike
_FLATNESS: Final = 2.0  # neighbours that speak for the plane itself
_SPREAD: Final = 2.0  # tolerance in medians of what a surface's pairs err
_TOLERANCE: Final = (1.5, 4.0)  # pixels, its limits
_ALIKE: Final = 0.6  # least cosine of descriptors
_CROWD: Final = 8  # keypoints of a query in one place, several orientations among them
_FAR: Final = 1e6

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]


class GuidedMatcher:
    """Implements `KeypointMatcher`: a quick matcher's pairs, checked by one another.

    References whose pairs agree on hardly anything keep them as they are. All are looked at, not
    only the likeliest: a twin left out would have fewer pairs than its rivals for that alone.
    Copies of a product in a picture are surfaces of their own.
    """

    def __init__(self, quick: KeypointMatcher) -> None:
        self.quick = quick

    def match(
        self, query: LocalFeatures, references: Sequence[LocalFeatures]
    ) -> list[Correspondences]:
        """One query against several references, in their order."""
        found = self.quick.match(query, references)
        return [
            match_along_surfaces(pairs, query, reference)
            for pairs, reference in zip(found, references, strict=True)
        ]


def match_along_surfaces(
    pairs: Correspondences, query: LocalFeatures, reference: LocalFeatures
) -> Correspondences:
    """All pairs that lie where the given ones' surfaces are; the given ones if there is none."""
    surfaces = list(_surfaces(pairs, query, reference)) if len(pairs) >= _SURE else []
    if max((len(one.points) for one in surfaces), default=0) < _SURE:
        return pairs
    tree = cKDTree(query.points)
    free = np.ones(len(query), bool)
    found = []
    for surface in surfaces:
        found.append(_there(surface, tree, free, query, reference))
        free[found[-1].query] = False
    return Correspondences(
        np.concatenate([one.query for one in found]),
        np.concatenate([one.reference for one in found]),
        np.concatenate([one.scores for one in found]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Surface:
    """A nearly flat part of the reference as the query shows it.

    Attributes:
        homography: (3, 3), reference pixels to query pixels.
        points: (N, 2) of the reference, where its bend is known.
        bend: (N, 2) pixels of the query off the plane.
        reach: pixels of the reference over which it bends alike.
        tolerance: pixels of the query; the less even, the more.
    """

    homography: Floats
    points: Floats
    bend: Floats
    reach: float
    tolerance: float

    def carry(self, points: Floats) -> Floats:
        """(M, 2) reference points in the query."""
        bend = _blend(_square_distances(points, self.points), self.bend, self.reach)
        return _project(self.homography, points) + bend


def _surfaces(
    pairs: Correspondences, query: LocalFeatures, reference: LocalFeatures
) -> Iterator[_Surface]:
    """Surfaces that share no pair, best supported first."""
    strongest = np.argsort(-pairs.scores, kind="stable")[:_ASKED]
    q, r = pairs.query[strongest], pairs.reference[strongest]
    source, target = reference.points[r].astype(np.float64), query.points[q].astype(np.float64)
    worth = (_NOISE[0] + _NOISE[1] * query.scales[q].astype(np.float64)) ** -2
    foretold = _foretold(query, q, reference, r)
    left, seeds = np.ones(len(q), bool), np.ones(len(q), bool)
    reach = _BEND * float(np.hypot(reference.width, reference.height))
    for _ in range(_SURFACES):
        support = np.where(left & seeds, foretold @ left.astype(np.float32), 0)
        seed = int(support.argmax())
        if support[seed] < _FEWEST:
            return
        members = np.flatnonzero(foretold[seed] & left)
        seeds[members] = False
        homography = _grown(source, target, worth, members, left)
        if homography is None:
            continue
        off = target - _project(homography, source)
        near = np.flatnonzero(left & (np.hypot(*off.T) < _BENT))
        error = _unevenness(source[near], off[near], reach)
        tolerance = float(np.clip(_SPREAD * np.median(error), *_TOLERANCE)) if len(near) else 0.0
        even = near[error < tolerance]
        if len(even) >= _FEWEST:
            left[near] = False
            yield _Surface(homography, source[even], off[even], reach, tolerance)


def _foretold(
    query: LocalFeatures, q: NDArray[np.int64], reference: LocalFeatures, r: NDArray[np.int64]
) -> Mask:
    """(N, N): do two pairs, each a similarity transform, foretell each other's places?"""
    source, target = _complex(reference.points[r]), _complex(query.points[q])
    stretch = query.scales[q] / np.maximum(reference.scales[r], 1e-3)
    transform = stretch * np.exp(1j * (query.angles[q] - reference.angles[r]))
    moved = source - source[:, None]
    apart = np.abs(moved)
    error = np.abs(target - target[:, None] - transform[:, None] * moved)
    foretold = error < _FORETOLD * stretch[:, None] * apart + _FORETOLD_PIXELS
    limit = _NEIGHBOURHOOD * np.hypot(reference.width, reference.height)
    return np.asarray(foretold & foretold.T & (apart < limit))


def _complex(points: NDArray[np.float32]) -> NDArray[np.complex64]:
    return np.ascontiguousarray(points, np.float32).view(np.complex64)[:, 0]


def _grown(
    source: Floats, target: Floats, worth: Floats, members: Indices, left: Mask
) -> Floats | None:
    """The homography that a few neighbours grow into, taking in who agrees at each step."""
    homography = _fitted(source[members], target[members], worth[members])
    for pixels in _TIGHTENING:
        error = np.hypot(*(_project(homography, source) - target).T)
        agreeing = np.flatnonzero(left & (error < pixels))
        if len(agreeing) < _FEWEST:
            return None
        doubt = 1 + np.square(2 * error[agreeing] / pixels)
        homography = _fitted(source[agreeing], target[agreeing], worth[agreeing] / doubt)
    return homography


def _fitted(source: Floats, target: Floats, weight: Floats) -> Floats:
    """The homography of least weighted squares, a little drawn to an affine map."""
    weight = weight / weight.sum()
    centre, spread = _frame(source, weight)
    target_centre, target_spread = _frame(target, weight)
    x, y = ((source - centre) / spread).T
    u, v = ((target - target_centre) / target_spread).T
    rows = np.zeros((2, len(x), 8))
    for row, value in enumerate((u, v)):
        rows[row, :, 3 * row : 3 * row + 3] = np.stack([x, y, np.ones_like(x)], axis=1)
        rows[row, :, 6], rows[row, :, 7] = -value * x, -value * y
    flat = rows.reshape(-1, 8)
    weighted = flat.T * np.concatenate([weight, weight])
    ridge = np.full(8, _RIDGE)
    ridge[6:] = _OBLIQUE_RIDGE if len(x) >= _OBLIQUE_FROM else 1 / _RIDGE
    values = np.linalg.solve(weighted @ flat + np.diag(ridge), weighted @ np.concatenate([u, v]))
    there = np.array([[1, 0, -centre[0]], [0, 1, -centre[1]], [0, 0, spread]]) / spread
    back = np.array([[target_spread, 0, target_centre[0]], [0, target_spread, target_centre[1]]])
    fitted = np.vstack([back, [0, 0, 1]]) @ np.append(values, 1.0).reshape(3, 3) @ there
    return np.asarray(fitted, np.float64)


def _frame(points: Floats, weight: Floats) -> tuple[Floats, float]:
    """Weighted mean and spread; the spread is never zero."""
    centre = weight @ points
    return centre, float(np.sqrt(weight @ np.square(points - centre).sum(axis=1))) + 1e-6


def _project(homography: Floats, points: Floats) -> Floats:
    """(N, 2) points through a homography; far away if they lie behind the camera."""
    moved = points @ homography[:, :2].T + homography[:, 2]
    return np.asarray(np.clip(moved[:, :2] / np.maximum(moved[:, 2:], 1e-9), -_FAR, _FAR))


def _unevenness(points: Floats, bend: Floats, reach: float) -> Floats:
    """(N,) pixels by which each pair is off what its neighbours say of the bend."""
    square = _square_distances(points, points)
    square[square == 0] = np.inf  # what a pair says of itself is no news
    return np.asarray(np.hypot(*(bend - _blend(square, bend, reach)).T))


def _blend(square: NDArray[np.float32], bend: Floats, reach: float) -> Floats:
    weight = np.exp(square * np.float32(-0.5 / reach**2))
    total = weight.sum(axis=1) + np.float32(_FLATNESS)
    return np.asarray((weight @ bend.astype(np.float32)) / total[:, None], np.float64)


def _square_distances(first: Floats, second: Floats) -> NDArray[np.float32]:
    (x, y), (u, v) = first.T.astype(np.float32), second.T.astype(np.float32)
    return np.asarray(np.square(x[:, None] - u) + np.square(y[:, None] - v))


def _there(
    surface: _Surface, tree: cKDTree, free: Mask, query: LocalFeatures, reference: LocalFeatures
) -> Correspondences:
    """Keypoints that are each other's likest where the surface says that they must be."""
    carried = surface.carry(reference.points.astype(np.float64))
    found = tree.query(carried, k=_CROWD, distance_upper_bound=surface.tolerance)
    distance, near = (np.asarray(one) for one in found)
    r, rank = np.nonzero(np.isfinite(distance))
    q = near[r, rank]
    alike = np.einsum("nd,nd->n", query.descriptors[q], reference.descriptors[r])
    kept = np.flatnonzero((alike > _ALIKE) & free[q])
    order = kept[np.argsort(-alike[kept], kind="stable")]
    chosen = order[np.intersect1d(_first(q[order]), _first(r[order]))]
    scores = np.clip(alike[chosen], 0.0, 1.0).astype(np.float32)
    return Correspondences(q[chosen].astype(np.int64), r[chosen].astype(np.int64), scores)


def _first(values: Indices) -> Indices:
    """Where each value occurs for the first time."""
    return np.unique(values, return_index=True)[1]
