"""Where copies of one reference are in a picture: clusters of pairs, one homography each."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.keypoints.features import Correspondences, LocalFeatures

MINIMUM_INLIERS: Final = 5
_COPIES: Final = 24
_PAIRS: Final = 700
_TURN: Final = np.float32(2 * np.pi)
_ANGLE: Final = np.radians(35.0)
_OCTAVES: Final = 0.8
_CENTRE_SHARE: Final = 0.22
_TOLERANCE: Final = 5.0
_SMALLEST_SIDE: Final = 12.0
_SAME_PLACE: Final = 0.35
_WELL_SUPPORTED: Final = 15
_STRETCH: Final = 5.0
_WEAK_STRETCH: Final = 2.5


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """One copy of a reference in a picture.

    Attributes:
        homography: (3, 3) float64, canonical crop pixels to query pixels.
        query: (M,) int64, inlier keypoints of the query.
        reference: (M,) int64, their partners.
        query_points: (M, 2) float32, where the query's inliers are.
        outline: (4, 2) float32, corners of the canonical crop in the query.
    """

    homography: NDArray[np.float64]
    query: NDArray[np.int64]
    reference: NDArray[np.int64]
    query_points: NDArray[np.float32]
    outline: NDArray[np.float32]

    def carry(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, 2) canonical crop pixels as (N, 2) query pixels."""
        carried = cv2.perspectiveTransform(points[None].astype(np.float64), self.homography)[0]
        return np.asarray(carried, np.float32)

    @property
    def inliers(self) -> int:
        """Distinct keypoints that agree, counted on the side that has fewer."""
        return min(len(np.unique(self.query)), len(np.unique(self.reference)))


def find_placements(
    pairs: Correspondences, query: LocalFeatures, reference: LocalFeatures
) -> list[Placement]:
    """Every copy of a reference that the pairs support, best supported first.

    Pairs vote for the similarity transform that their scales and angles imply (Hough clustering as
    in Lowe, 2004); each cluster is fitted with MAGSAC++ (Barath et al., 2020) and its inliers are
    taken away before the next is looked for.
    """
    if len(pairs) < MINIMUM_INLIERS:
        return []
    strongest = np.argsort(-pairs.scores, kind="stable")[:_PAIRS]
    left = _Pairs.of(pairs, np.sort(strongest), query, reference)
    found: list[Placement] = []
    for _ in range(_COPIES):
        if len(left.query) < MINIMUM_INLIERS:
            break
        members = left.largest_cluster()
        if len(members) < MINIMUM_INLIERS:
            break
        placement = _fit(left, members, reference)
        if placement is None:
            left = left.without(members)
            continue
        left = left.without(np.nonzero(np.isin(left.query, placement.query))[0])
        _add(found, placement)
    return sorted(found, key=lambda one: -one.inliers)


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    query: NDArray[np.int64]
    reference: NDArray[np.int64]
    query_points: NDArray[np.float32]
    reference_points: NDArray[np.float32]
    compatible: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        pairs: Correspondences,
        chosen: NDArray[np.intp],
        query: LocalFeatures,
        reference: LocalFeatures,
    ) -> "_Pairs":
        q, r = pairs.query[chosen], pairs.reference[chosen]
        octaves = np.log2(query.scales[q] / np.maximum(reference.scales[r], 1e-3))
        turn = query.angles[q] - reference.angles[r]
        centre = np.array([reference.width, reference.height], np.float32) / 2
        arm = (centre - reference.points[r]) * np.exp2(octaves)[:, None]
        cos, sin = np.cos(turn), np.sin(turn)
        swung = np.stack([cos * arm[:, 0] - sin * arm[:, 1], sin * arm[:, 0] + cos * arm[:, 1]], 1)
        votes = query.points[q] + swung
        reach = _CENTRE_SHARE * np.hypot(reference.width, reference.height) * np.exp2(octaves)
        x, y = votes.T
        apart = np.square(x[:, None] - x) + np.square(y[:, None] - y)
        compatible = apart < reach[:, None] * reach
        # Both angles lie in [0, 2 pi), so their difference wraps at most once.
        angles = np.abs((turn % _TURN)[:, None] - turn % _TURN)
        compatible &= (angles < _ANGLE) | (angles > _TURN - _ANGLE)
        compatible &= np.abs(octaves[:, None] - octaves) < _OCTAVES
        return cls(q, r, query.points[q], reference.points[r], compatible)

    def largest_cluster(self) -> NDArray[np.intp]:
        seed = int(self.compatible.sum(axis=1).argmax())
        return np.nonzero(self.compatible[seed])[0]

    def without(self, gone: NDArray[np.intp]) -> "_Pairs":
        kept = np.ones(len(self.query), bool)
        kept[gone] = False
        return _Pairs(
            self.query[kept],
            self.reference[kept],
            self.query_points[kept],
            self.reference_points[kept],
            self.compatible[np.ix_(kept, kept)],
        )


def _fit(pairs: _Pairs, members: NDArray[np.intp], reference: LocalFeatures) -> Placement | None:
    homography = _homography(pairs.reference_points[members], pairs.query_points[members])
    if homography is None:
        return None
    inliers = _agreeing(homography, pairs)
    if project_outline(homography, reference, len(inliers)) is None:
        return None
    if len(inliers) >= MINIMUM_INLIERS:
        again = _homography(pairs.reference_points[inliers], pairs.query_points[inliers])
        if again is not None:
            grown = _agreeing(again, pairs)
            sound = project_outline(again, reference, len(grown)) is not None
            if sound and len(grown) >= len(inliers):
                homography, inliers = again, grown
    outline = project_outline(homography, reference, len(inliers))
    if outline is None or len(inliers) < MINIMUM_INLIERS:
        return None
    placement = Placement(
        homography,
        pairs.query[inliers],
        pairs.reference[inliers],
        pairs.query_points[inliers],
        outline,
    )
    return placement if placement.inliers >= MINIMUM_INLIERS else None


def _homography(
    source: NDArray[np.float32], target: NDArray[np.float32]
) -> NDArray[np.float64] | None:
    if len(source) < MINIMUM_INLIERS:
        return None
    matrix, _ = cv2.findHomography(
        source, target, cv2.USAC_MAGSAC, _TOLERANCE, maxIters=2000, confidence=0.999
    )
    # OpenCV's own annotations do not say that nothing may be found.
    return np.asarray(matrix, np.float64) if np.size(matrix) == 9 else None


def _agreeing(homography: NDArray[np.float64], pairs: _Pairs) -> NDArray[np.intp]:
    mapped = cv2.perspectiveTransform(pairs.reference_points[None], homography)[0]
    return np.nonzero(np.hypot(*(mapped - pairs.query_points).T) < _TOLERANCE)[0]


def project_outline(
    homography: NDArray[np.float64], reference: LocalFeatures, support: int
) -> NDArray[np.float32] | None:
    """(4, 2) corners of the reference under a homography; None if no camera could see that.

    Args:
        homography: (3, 3), canonical crop pixels to query pixels.
        reference: whose corners.
        support: pairs that agree on the homography.
    """
    width, height = reference.width, reference.height
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    depth = corners @ homography[2, :2] + homography[2, 2]
    if not (np.all(depth > 1e-6) or np.all(depth < -1e-6)) or depth.max() > 4 * depth.min() > 0:
        return None
    outline = cv2.perspectiveTransform(corners[None], homography)[0]
    edges = np.roll(outline, -1, axis=0) - outline
    following = np.roll(edges, -1, axis=0)
    turning = edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0]
    lengths = np.hypot(edges[:, 0], edges[:, 1])
    if not np.all(turning > 0) or lengths.min() < _SMALLEST_SIDE:
        return None
    # A real view keeps opposite sides and the two directions' scales comparable; the fewer
    # pairs say otherwise, the less they are believed.
    stretch = lengths / np.array([width, height, width, height])
    if stretch.max() > (_STRETCH if support >= _WELL_SUPPORTED else _WEAK_STRETCH) * stretch.min():
        return None
    return np.asarray(outline, np.float32)


def _add(found: list[Placement], placement: Placement) -> None:
    """A second plane of a copy already found joins it; the better supported plane leads."""
    for index, other in enumerate(found):
        if outline_overlap(other.outline, placement.outline) > _SAME_PLACE:
            lead, rest = sorted((other, placement), key=lambda one: -one.inliers)
            fresh = ~np.isin(rest.reference, lead.reference)
            found[index] = Placement(
                lead.homography,
                np.concatenate([lead.query, rest.query[fresh]]),
                np.concatenate([lead.reference, rest.reference[fresh]]),
                np.concatenate([lead.query_points, rest.query_points[fresh]]),
                lead.outline,
            )
            return
    found.append(placement)


def outline_overlap(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Share of the smaller of two convex outlines that the other covers, in [0, 1]."""
    area, _ = cv2.intersectConvexConvex(one, other)
    smaller = min(cv2.contourArea(one), cv2.contourArea(other))
    return float(area / smaller) if smaller > 0 else 0.0
