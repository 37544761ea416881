"""Guided matching: pairs grow into surfaces, and surfaces tell where further pairs must lie.

A keypoint alone is mistaken for its like; with its neighbours it is not. Pairs whose scales and
angles predict one another (the idea of AdaLAM: Cavalli et al., 2020) grow into a homography. Then
each keypoint of the reference is looked for again where the homography puts it, where near-copies
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

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]

_RIDGE: Final = 1e-7  # on all coordinates of a homography: keeps the system solvable
_FAR: Final = 1e6  # pixels, for points behind the camera


@dataclass(frozen=True, slots=True)
class GuidedMatchingSettings:
    """Thresholds of guided matching; "diagonal" is that of the reference's canonical crop."""

    surfaces: int = 24  # looked for in one reference: copies of a product, and its sides
    seed_pairs: int = 400  # pairs that surfaces are looked for in: the strongest
    fewest: int = 6  # pairs that make a surface
    sure: int = 12  # pairs of the best surface from which pairs off all surfaces count as wrong
    # A pair predicts another when it errs by less than this share of their distance, or pixels.
    prediction_share: float = 0.5
    prediction_pixels: float = 4.0
    neighbourhood: float = 0.3  # share of the diagonal within which pairs predict one another
    tightening: tuple[float, ...] = (16.0, 8.0, 4.0, 3.0)  # pixels, one per step of growing
    # How far keypoints lie from their true place: pixels, and pixels per pixel of diameter.
    noise: tuple[float, float] = (0.5, 0.08)
    oblique_from: int = 8  # pairs; fewer show an affine map, not perspective
    oblique_ridge: float = 1e-4  # draws perspective a little to an affine map
    bent: float = 6.0  # pixels that paper may lie off its plane
    bend_reach: float = 0.06  # share of the diagonal over which it does so alike
    flatness: float = 2.0  # neighbours that the plane itself counts for
    spread: float = 2.0  # tolerance in medians of the errors of a surface's pairs
    tolerance: tuple[float, float] = (1.5, 4.0)  # pixels, its limits
    similarity: float = 0.6  # least cosine of descriptors
    crowd: int = 8  # keypoints of a query in one place, several orientations among them


GUIDED_MATCHING_SETTINGS: Final = GuidedMatchingSettings()


class GuidedMatcher:
    """Implements `KeypointMatcher`: a quick matcher's pairs, checked by one another.

    References whose pairs agree on hardly anything keep them as they are. All are checked, not
    only the likeliest: a twin left out would have fewer pairs than its rivals for that alone.
    Copies of a product in a picture are surfaces of their own.
    """

    def __init__(
        self, quick: KeypointMatcher, settings: GuidedMatchingSettings = GUIDED_MATCHING_SETTINGS
    ) -> None:
        self.quick = quick
        self._settings = settings

    def match(
        self, query: LocalFeatures, references: Sequence[LocalFeatures]
    ) -> list[Correspondences]:
        """Match one query with several references, in their order."""
        quick = self.quick.match(query, references)
        return [
            match_along_surfaces(pairs, query, reference, self._settings)
            for pairs, reference in zip(quick, references, strict=True)
        ]


def match_along_surfaces(
    pairs: Correspondences,
    query: LocalFeatures,
    reference: LocalFeatures,
    settings: GuidedMatchingSettings = GUIDED_MATCHING_SETTINGS,
) -> Correspondences:
    """Return all pairs on the surfaces that the given ones support; the given ones if none is."""
    growth = _Growth(query, reference, settings)
    surfaces = list(growth.surfaces(pairs)) if len(pairs) >= settings.sure else []
    if max((len(surface.points) for surface in surfaces), default=0) < settings.sure:
        return pairs
    tree = cKDTree(query.points)
    free = np.ones(len(query), bool)
    found = []
    for surface in surfaces:
        found.append(growth.pairs_on(surface, tree, free, pairs))
        free[found[-1].query] = False
    return Correspondences.joined(found)


@dataclass(frozen=True, slots=True, eq=False)
class _Surface:
    """A nearly flat part of the reference as it appears in the query.

    Attributes:
        homography: (3, 3), reference pixels to query pixels.
        points: (N, 2) of the reference, where its bend is known.
        bend: (N, 2) pixels of the query off the plane.
        reach: pixels of the reference over which it bends alike.
        flatness: neighbours that the plane itself counts for.
        tolerance: pixels of the query; the less even, the more.
    """

    homography: Floats
    points: Floats
    bend: Floats
    reach: float
    flatness: float
    tolerance: float

    def carry(self, points: Floats) -> Floats:
        """Map (M, 2) reference points to the query."""
        square = _square_distances(points, self.points)
        return _project(self.homography, points) + _blend(
            square, self.bend, self.reach, self.flatness
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Growth:
    """Grows surfaces from the pairs of one query and one reference."""

    query: LocalFeatures
    reference: LocalFeatures
    settings: GuidedMatchingSettings

    @property
    def diagonal(self) -> float:
        return float(np.hypot(self.reference.width, self.reference.height))

    def surfaces(self, pairs: Correspondences) -> Iterator[_Surface]:
        """Yield surfaces that share no pair, best supported first."""
        settings, query, reference = self.settings, self.query, self.reference
        strongest = np.argsort(-pairs.scores, kind="stable")[: settings.seed_pairs]
        q, r = pairs.query[strongest], pairs.reference[strongest]
        source, target = reference.points[r].astype(np.float64), query.points[q].astype(np.float64)
        noise, per_pixel = settings.noise
        worth = (noise + per_pixel * query.scales[q].astype(np.float64)) ** -2
        predicted = self._predicted(q, r)
        left, seeds = np.ones(len(q), bool), np.ones(len(q), bool)
        reach = settings.bend_reach * self.diagonal
        for _ in range(settings.surfaces):
            support = np.where(left & seeds, predicted @ left.astype(np.float32), 0)
            seed = int(support.argmax())
            if support[seed] < settings.fewest:
                return
            members = np.flatnonzero(predicted[seed] & left)
            seeds[members] = False
            homography = self._grow(source, target, worth, members, left)
            if homography is None:
                continue
            off = target - _project(homography, source)
            near = np.flatnonzero(left & (np.hypot(*off.T) < settings.bent))
            error = _unevenness(source[near], off[near], reach, settings.flatness)
            spread = settings.spread * np.median(error) if len(near) else 0.0
            tolerance = float(np.clip(spread, *settings.tolerance))
            even = near[error < tolerance]
            if len(even) >= settings.fewest:
                left[near] = False
                flatness = settings.flatness
                yield _Surface(homography, source[even], off[even], reach, flatness, tolerance)

    def pairs_on(
        self, surface: _Surface, tree: cKDTree, free: Mask, given: Correspondences
    ) -> Correspondences:
        """Return keypoints that are each other's most similar where the surface puts them.

        Pairs that were given need not be similar: a matcher that looks at neighbours knew more.
        """
        query, reference, settings = self.query, self.reference, self.settings
        carried = surface.carry(reference.points.astype(np.float64))
        found = tree.query(carried, k=settings.crowd, distance_upper_bound=surface.tolerance)
        distance, near = (np.asarray(part) for part in found)
        r, rank = np.nonzero(np.isfinite(distance))
        q = near[r, rank]
        similarity = np.einsum("nd,nd->n", query.descriptors[q], reference.descriptors[r])
        known = np.isin(self._numbers(q, r), self._numbers(given.query, given.reference))
        kept = np.flatnonzero(((similarity > settings.similarity) | known) & free[q])
        order = kept[np.argsort(-similarity[kept], kind="stable")]
        chosen = order[np.intersect1d(_first(q[order]), _first(r[order]))]
        scores = np.clip(similarity[chosen], 0.0, 1.0).astype(np.float32)
        return Correspondences(q[chosen].astype(np.int64), r[chosen].astype(np.int64), scores)

    def _numbers(self, q: NDArray[np.int64], r: NDArray[np.int64]) -> NDArray[np.int64]:
        """(N,): one number for each pair."""
        return np.asarray(q * len(self.reference) + r, np.int64)

    def _predicted(self, q: NDArray[np.int64], r: NDArray[np.int64]) -> Mask:
        """(N, N): whether two pairs, each a similarity transform, predict each other's places."""
        query, reference, settings = self.query, self.reference, self.settings
        source, target = _complex(reference.points[r]), _complex(query.points[q])
        stretch = query.scales[q] / np.maximum(reference.scales[r], 1e-3)
        transform = stretch * np.exp(1j * (query.angles[q] - reference.angles[r]))
        moved = source - source[:, None]
        apart = np.abs(moved)
        error = np.abs(target - target[:, None] - transform[:, None] * moved)
        limit = settings.prediction_share * stretch[:, None] * apart + settings.prediction_pixels
        predicted = error < limit
        near = apart < settings.neighbourhood * np.hypot(reference.width, reference.height)
        return np.asarray(predicted & predicted.T & near)

    def _grow(
        self, source: Floats, target: Floats, worth: Floats, members: Indices, left: Mask
    ) -> Floats | None:
        """Grow a few neighbours into a homography, taking in the agreeing pairs at each step."""
        homography = self._fit(source[members], target[members], worth[members])
        for pixels in self.settings.tightening:
            error = np.hypot(*(_project(homography, source) - target).T)
            agreeing = np.flatnonzero(left & (error < pixels))
            if len(agreeing) < self.settings.fewest:
                return None
            doubt = 1 + np.square(2 * error[agreeing] / pixels)
            homography = self._fit(source[agreeing], target[agreeing], worth[agreeing] / doubt)
        return homography

    def _fit(self, source: Floats, target: Floats, weight: Floats) -> Floats:
        """Return the homography of least weighted squares, a little drawn to an affine map."""
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
        oblique = len(x) >= self.settings.oblique_from
        ridge[6:] = self.settings.oblique_ridge if oblique else 1 / _RIDGE
        values = np.linalg.solve(
            weighted @ flat + np.diag(ridge), weighted @ np.concatenate([u, v])
        )
        there = np.array([[1, 0, -centre[0]], [0, 1, -centre[1]], [0, 0, spread]]) / spread
        back = np.array(
            [[target_spread, 0, target_centre[0]], [0, target_spread, target_centre[1]]]
        )
        fitted = np.vstack([back, [0, 0, 1]]) @ np.append(values, 1.0).reshape(3, 3) @ there
        return np.asarray(fitted, np.float64)


def _complex(points: NDArray[np.float32]) -> NDArray[np.complex64]:
    return np.ascontiguousarray(points, np.float32).view(np.complex64)[:, 0]


def _frame(points: Floats, weight: Floats) -> tuple[Floats, float]:
    """Weighted mean and spread; the spread is never zero."""
    centre = weight @ points
    return centre, float(np.sqrt(weight @ np.square(points - centre).sum(axis=1))) + 1e-6


def _project(homography: Floats, points: Floats) -> Floats:
    """(N, 2) points through a homography; far away if they lie behind the camera."""
    moved = points @ homography[:, :2].T + homography[:, 2]
    return np.asarray(np.clip(moved[:, :2] / np.maximum(moved[:, 2:], 1e-9), -_FAR, _FAR))


def _unevenness(points: Floats, bend: Floats, reach: float, flatness: float) -> Floats:
    """(N,) pixels between the bend at each pair and the bend of its neighbours."""
    square = _square_distances(points, points)
    square[square == 0] = np.inf  # a pair must not confirm itself
    return np.asarray(np.hypot(*(bend - _blend(square, bend, reach, flatness)).T))


def _blend(square: NDArray[np.float32], bend: Floats, reach: float, flatness: float) -> Floats:
    weight = np.exp(square * np.float32(-0.5 / reach**2))
    total = weight.sum(axis=1) + np.float32(flatness)
    return np.asarray((weight @ bend.astype(np.float32)) / total[:, None], np.float64)


def _square_distances(first: Floats, second: Floats) -> NDArray[np.float32]:
    (x, y), (u, v) = first.T.astype(np.float32), second.T.astype(np.float32)
    return np.asarray(np.square(x[:, None] - u) + np.square(y[:, None] - v))


def _first(values: Indices) -> Indices:
    """Where each value occurs for the first time."""
    return np.unique(values, return_index=True)[1]
