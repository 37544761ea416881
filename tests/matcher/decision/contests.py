"""Contests made by hand."""

import numpy as np

from catalog.encodings.encoding import ReferenceCrop
from matcher.keypoints.features import LocalFeatures
from matcher.keypoints.homography import Placement
from matcher.retrieval.reference import Reference, ReferenceView
from matcher.verification.alignment import AlignmentScore
from matcher.verification.twin_test import TwinEvidence
from matcher.verification.verifier import Contest, Duel, Hypothesis


def blank_reference(product_id: str, keypoints: int = 1) -> Reference:
    """A reference of 8 x 8 pixels whose picture starts at (100, 50) of its catalog picture."""
    points = np.ones((keypoints, 2), np.float32)
    ones = np.ones(keypoints, np.float32)
    features = LocalFeatures(points, ones, ones, ones, points, 8, 8)
    square = np.array([[0, 0], [8, 0], [8, 8], [0, 8]], np.float32)
    mask = np.ones((8, 8), np.bool_)
    to_picture = np.array([[2.0, 0, 100], [0, 2, 50], [0, 0, 1]])
    crop = ReferenceCrop(square, 8, 8, to_picture, np.zeros(1, np.uint8), mask)
    look = ReferenceView(np.zeros((8, 8, 3), np.uint8), mask, 1.0)
    unit = np.array([1, 0], np.float32)
    return Reference(product_id, f"{product_id}-0", features, look, crop, square, unit)


def hypothesis(
    product_id: str,
    inliers: int = 40,
    correlation: float = 0.7,
    chroma: float = 10.0,
    lead: float = 2.0,
    difference: float = -3.0,
    *,
    matched: float = 0.3,
    is_proven: bool = True,
) -> Hypothesis:
    """One reference, placed twenty times as large with its corner at (30, 20)."""
    index = np.arange(inliers, dtype=np.int64)
    points = np.full((inliers, 2), 50, np.float32)
    homography = np.array([[20.0, 0, 30], [0, 20, 20], [0, 0, 1]])
    outline = np.array([[30, 20], [190, 20], [190, 180], [30, 180]], np.float32)
    return Hypothesis(
        blank_reference(product_id, inliers),
        Placement(homography, index, index, points, outline),
        AlignmentScore(1.0, correlation, chroma),
        0.5,
        matched=matched,
        lead=lead,
        difference=difference,
        is_proven=is_proven,
    )


def contest(*hypotheses: Hypothesis, duels: tuple[Duel, ...] = ()) -> Contest:
    return Contest(hypotheses, duels)


def duel(first: int, second: int, lead: float, share: float = 0.2) -> Duel:
    """A twin test that print and colour decide alike."""
    return Duel(first, second, TwinEvidence(lead, lead, share))
