"""Pairs found by attention join those that are known, and surfaces check them all."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from matcher.keypoints.closer_look import CloserLook
from matcher.keypoints.features import Correspondences, LocalFeatures
from matcher.keypoints.ratio_test import NearestNeighbourMatcher
from tests.matcher.prints import photographed, printed, root_sift, upright

ASIDE = np.array([[200, 60], [420, 110], [400, 380], [190, 420]], np.float32)


class Attending:
    """Knows the pairs already."""

    def __init__(self, pairs: Correspondences) -> None:
        self.pairs = pairs

    def match(
        self, _query: LocalFeatures, references: Sequence[LocalFeatures], /
    ) -> list[Correspondences]:
        return [self.pairs for _ in references]


def true_pairs(query: LocalFeatures, reference: LocalFeatures) -> Correspondences:
    frame = upright(0, 0, reference.width, reference.height)
    carried = cv2.perspectiveTransform(
        reference.points[None].astype(np.float64), cv2.getPerspectiveTransform(frame, ASIDE)
    )[0]
    apart = np.linalg.norm(query.points[:, None] - carried[None], axis=2)
    nearest = apart.argmin(axis=1)
    mutual = apart.argmin(axis=0)[nearest] == np.arange(len(query))
    q = np.flatnonzero(mutual & (apart.min(axis=1) < 1.0))
    return Correspondences(q, nearest[q].astype(np.int64), np.full(len(q), 0.9, np.float32))


def test_pairs_that_no_descriptor_gives_away_are_kept_where_their_surface_is() -> None:
    reference = root_sift().extract(printed(1), 800)
    seen = root_sift().extract(photographed(printed(1), ASIDE), 800)
    noise = np.random.default_rng(0).normal(size=seen.descriptors.shape)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    query = replace(seen, descriptors=noise.astype(np.float32))
    truth = true_pairs(query, reference)
    known = NearestNeighbourMatcher().match(query, [reference])
    assert len(truth) > 40

    found = CloserLook(Attending(truth), 4).pair(query, [reference], known)[0]

    kept = set(zip(found.query.tolist(), found.reference.tolist(), strict=True))
    given = set(zip(truth.query.tolist(), truth.reference.tolist(), strict=True))
    assert len(kept & given) > 0.9 * len(given)
    assert len(kept - given) < 0.1 * len(given)


def test_pairs_that_no_neighbour_supports_stay_as_they_are() -> None:
    reference, query = (root_sift().extract(printed(number), 60) for number in (1, 2))
    few = Correspondences(
        np.arange(5, dtype=np.int64), np.arange(5, dtype=np.int64), np.ones(5, np.float32)
    )
    nothing = Correspondences.joined([])

    found = CloserLook(Attending(few), 4).pair(query, [reference], [nothing])[0]

    assert found.query.tolist() == few.query.tolist()


def test_no_reference_is_looked_at() -> None:
    query = root_sift().extract(printed(1), 60)
    assert CloserLook(Attending(Correspondences.joined([])), 4).pair(query, [], []) == []
