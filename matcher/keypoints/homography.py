"""Finds the copies of one reference in a picture: clusters of pairs, one homography each."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.keypoints.features import Correspondences, LocalFeatures

MINIMUM_INLIERS: Final = 5  # pairs; four fit any homography exactly and prove nothing
_TURN: Final = np.float32(2 * np.pi)
_MOST_ITERATIONS: Final = 2000  # of MAGSAC++; with the confidence below it seldom needs them
_CONFIDENCE: Final = 0.999  # of having tried a sample without outliers


@dataclass(frozen=True, slots=True)
class HomographySettings:
    """Thresholds of clustering pairs and fitting homographies."""

    copies: int = 24  # looked for per reference
    pairs: int = 700  # the strongest; the cost grows with their square
    # Pairs of one cluster differ at most so much, in angle, scale and place:
    angle: float = np.radians(35.0)  # radians
    octaves: float = 0.8  # doublings of scale
    centre_share: float = 0.22  # of the reference's diagonal, in the votes for its centre
    tolerance: float = 5.0  # pixels of the query between a keypoint and its mapped partner
    smallest_side: float = 12.0  # pixels of the query; smaller outlines show nothing
    same_copy: float = 0.35  # covered share from which two planes belong to one copy
    well_supported: int = 15  # pairs from which a steeper view is believed
    stretch: float = 5.0  # most ratio between the scales of an outline's sides, well supported
    weak_stretch: float = 2.5  # the same with fewer pairs


HOMOGRAPHY_SETTINGS: Final = HomographySettings()


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
        """Map (N, 2) canonical crop pixels to (N, 2) query pixels."""
        carried = cv2.perspectiveTransform(points[None].astype(np.float64), self.homography)[0]
        return np.asarray(carried, np.float32)

    @property
    def inliers(self) -> int:
        """Distinct keypoints that agree, counted on the side that has fewer."""
        return min(len(np.unique(self.query)), len(np.unique(self.reference)))


def find_placements(
    pairs: Correspondences,
    query: LocalFeatures,
    reference: LocalFeatures,
    settings: HomographySettings = HOMOGRAPHY_SETTINGS,
) -> list[Placement]:
    """Return every copy of a reference that the pairs support, best supported first.

    Pairs vote for the similarity transform that their scales and angles imply (Hough clustering as
    in Lowe, 2004); each cluster is fitted with MAGSAC++ (Barath et al., 2020) and its inliers are
    taken away before the next is looked for.
    """
    if len(pairs) < MINIMUM_INLIERS:
        return []
    strongest = np.argsort(-pairs.scores, kind="stable")[: settings.pairs]
    left = _Pairs.of(pairs, np.sort(strongest), query, reference, settings)
    found: list[Placement] = []
    for _ in range(settings.copies):
        if len(left.query) < MINIMUM_INLIERS:
            break
        members = left.largest_cluster()
        if len(members) < MINIMUM_INLIERS:
            break
        placement = _fit(left, members, reference, settings)
        if placement is None:
            left = left.without(members)
            continue
        left = left.without(np.nonzero(np.isin(left.query, placement.query))[0])
        _add(found, placement, settings.same_copy)
    return sorted(found, key=lambda placement: -placement.inliers)


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
        settings: HomographySettings,
    ) -> "_Pairs":
        q, r = pairs.query[chosen], pairs.reference[chosen]
        octaves = np.log2(query.scales[q] / np.maximum(reference.scales[r], 1e-3))
        turn = query.angles[q] - reference.angles[r]
        centre = np.array([reference.width, reference.height], np.float32) / 2
        arm = (centre - reference.points[r]) * np.exp2(octaves)[:, None]
        cos, sin = np.cos(turn), np.sin(turn)
        swung = np.stack([cos * arm[:, 0] - sin * arm[:, 1], sin * arm[:, 0] + cos * arm[:, 1]], 1)
        votes = query.points[q] + swung
        reach = (
            settings.centre_share * np.hypot(reference.width, reference.height) * np.exp2(octaves)
        )
        x, y = votes.T
        apart = np.square(x[:, None] - x) + np.square(y[:, None] - y)
        compatible = apart < reach[:, None] * reach
        # Both angles lie in [0, 2 pi), so their difference wraps at most once.
        angles = np.abs((turn % _TURN)[:, None] - turn % _TURN)
        compatible &= (angles < settings.angle) | (angles > _TURN - settings.angle)
        compatible &= np.abs(octaves[:, None] - octaves) < settings.octaves
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


def _fit(
    pairs: _Pairs, members: NDArray[np.intp], reference: LocalFeatures, settings: HomographySettings
) -> Placement | None:
    homography = _homography(pairs, members, settings.tolerance)
    if homography is None:
        return None
    inliers = _agreeing(homography, pairs, settings.tolerance)
    if project_outline(homography, reference, len(inliers), settings) is None:
        return None
    if len(inliers) >= MINIMUM_INLIERS:
        again = _homography(pairs, inliers, settings.tolerance)
        if again is not None:
            grown = _agreeing(again, pairs, settings.tolerance)
            sound = project_outline(again, reference, len(grown), settings) is not None
            if sound and len(grown) >= len(inliers):
                homography, inliers = again, grown
    outline = project_outline(homography, reference, len(inliers), settings)
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
    pairs: _Pairs, members: NDArray[np.intp], tolerance: float
) -> NDArray[np.float64] | None:
    if len(members) < MINIMUM_INLIERS:
        return None
    matrix, _ = cv2.findHomography(
        pairs.reference_points[members],
        pairs.query_points[members],
        cv2.USAC_MAGSAC,
        tolerance,
        maxIters=_MOST_ITERATIONS,
        confidence=_CONFIDENCE,
    )
    # OpenCV's annotations hide that there may be no result.
    return np.asarray(matrix, np.float64) if np.size(matrix) == 9 else None


def _agreeing(homography: NDArray[np.float64], pairs: _Pairs, tolerance: float) -> NDArray[np.intp]:
    mapped = cv2.perspectiveTransform(pairs.reference_points[None], homography)[0]
    return np.nonzero(np.hypot(*(mapped - pairs.query_points).T) < tolerance)[0]


def project_outline(
    homography: NDArray[np.float64],
    reference: LocalFeatures,
    support: int,
    settings: HomographySettings = HOMOGRAPHY_SETTINGS,
) -> NDArray[np.float32] | None:
    """Project the (4, 2) corners of a reference; None if no camera could see that outline.

    Args:
        homography: (3, 3), canonical crop pixels to query pixels.
        reference: whose corners to project.
        support: pairs that agree on the homography.
        settings: thresholds.
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
    if not np.all(turning > 0) or lengths.min() < settings.smallest_side:
        return None
    # A real view keeps opposite sides and the two directions' scales comparable; the fewer pairs
    # contradict that, the less they are believed.
    stretch = lengths / np.array([width, height, width, height])
    believed = support >= settings.well_supported
    if stretch.max() > (settings.stretch if believed else settings.weak_stretch) * stretch.min():
        return None
    return np.asarray(outline, np.float32)


def _add(found: list[Placement], placement: Placement, same_copy: float) -> None:
    """Append a copy, or join a second plane to its copy; the better supported plane leads."""
    for index, other in enumerate(found):
        if outline_overlap(other.outline, placement.outline) > same_copy:
            lead, rest = sorted((other, placement), key=lambda plane: -plane.inliers)
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


def outline_overlap(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Return the share of the smaller of two convex outlines that the other covers, in [0, 1]."""
    area, _ = cv2.intersectConvexConvex(first, second)
    smaller = min(cv2.contourArea(first), cv2.contourArea(second))
    return float(area / smaller) if smaller > 0 else 0.0
