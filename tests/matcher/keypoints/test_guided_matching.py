"""Pairs that neighbours agree on, and pairs found where a surface says they must be."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from matcher.keypoints.features import Correspondences, LocalFeatures
from matcher.keypoints.guided_matching import GuidedMatcher, match_along_surfaces
from matcher.keypoints.homography import find_placements
from matcher.keypoints.ratio_test import NearestNeighbourMatcher
from tests.matcher.prints import (
    Corners,
    Image,
    clutter,
    pasted,
    photographed,
    printed,
    root_sift,
    upright,
)

ASIDE = np.array([[200, 60], [420, 110], [400, 380], [190, 420]], np.float32)


def seen(picture: Image, limit: int = 1000) -> LocalFeatures:
    return root_sift().extract(picture, limit)


def quick(query: LocalFeatures, reference: LocalFeatures) -> Correspondences:
    return NearestNeighbourMatcher().match(query, [reference])[0]


def errors(
    pairs: Correspondences, query: LocalFeatures, reference: LocalFeatures, corners: Corners
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Pixels by which each pair is off the true place."""
    frame = upright(0, 0, reference.width, reference.height)
    truth = cv2.getPerspectiveTransform(frame, corners)
    known = reference.points[pairs.reference][None].astype(np.float64)
    there = cv2.perspectiveTransform(known, truth)[0]
    return np.asarray(np.hypot(*(there - query.points[pairs.query]).T), np.float64)


def test_more_pairs_are_right_and_hardly_any_is_wrong() -> None:
    blurred = cv2.GaussianBlur(photographed(printed(1), ASIDE), (0, 0), 1.5).astype(np.uint8)
    reference, query = seen(printed(1)), seen(blurred)
    before = quick(query, reference)
    after = match_along_surfaces(before, query, reference)
    right_before = errors(before, query, reference, ASIDE) < 3
    right_after = errors(after, query, reference, ASIDE) < 3
    assert right_before.mean() < 0.9
    assert right_after.mean() > 0.98
    # Several keypoints of the photo may have chosen the same one before.
    distinct = len(np.unique(before.reference[right_before]))
    assert right_after.sum() > 1.05 * distinct


def test_pairs_that_no_neighbour_supports_are_dropped() -> None:
    reference, query = seen(printed(1)), seen(photographed(printed(1), ASIDE))
    pairs = quick(query, reference)
    mixed = pairs.reference.copy()
    mixed[::3] = np.random.default_rng(0).permutation(len(reference))[: len(mixed[::3])]
    after = match_along_surfaces(replace(pairs, reference=mixed), query, reference)
    assert (errors(after, query, reference, ASIDE) < 3).mean() > 0.98
    assert len(after) > 0.6 * len(pairs)


def test_no_keypoint_is_paired_twice_on_one_surface() -> None:
    reference, query = seen(printed(1)), seen(photographed(printed(1), ASIDE))
    after = match_along_surfaces(quick(query, reference), query, reference)
    assert len(np.unique(after.query)) == len(after)
    assert len(np.unique(after.reference)) == len(after)
    assert 0 < after.scores.min() <= after.scores.max() <= 1


def test_every_copy_keeps_its_pairs() -> None:
    copies = [upright(20 + 210 * column, 20, 160, 213) for column in range(3)]
    copies += [upright(60 + 230 * column, 255, 150, 200) for column in range(2)]
    picture = clutter(5, 640, 480)
    for corners in copies:
        picture = pasted(picture, printed(2), corners)
    reference, query = seen(printed(2), 800), seen(picture, 2000)
    after = match_along_surfaces(quick(query, reference), query, reference)
    for corners in copies:
        assert (errors(after, query, reference, corners) < 3).sum() > 30
    assert len(find_placements(after, query, reference)) == len(copies)


def test_bent_paper_keeps_its_pairs() -> None:
    flat = printed(4)
    height, width = flat.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    bulge = 5 * np.sin(np.pi * columns / width)
    bent = cv2.remap(flat, columns, rows + bulge, cv2.INTER_LINEAR).astype(np.uint8)
    reference = seen(flat)
    query = seen(photographed(bent, upright(150, 60, width, height)))
    after = match_along_surfaces(quick(query, reference), query, reference)
    there = reference.points[after.reference] + np.array([150, 60], np.float32)
    there[:, 1] -= 5 * np.sin(np.pi * reference.points[after.reference, 0] / width)
    right = np.hypot(*(there - query.points[after.query]).T) < 3
    assert right.mean() > 0.95
    assert len(after) > 0.9 * len(np.unique(quick(query, reference).reference))


def test_pairs_without_any_order_stay_as_they_are() -> None:
    features = seen(printed(1), 200)
    shuffled = np.random.default_rng(0).permutation(len(features)).astype(np.int64)
    ones = np.ones(len(features), np.float32)
    pairs = Correspondences(np.arange(len(features)), shuffled, ones)
    assert match_along_surfaces(pairs, features, features) is pairs


@pytest.mark.parametrize("count", [0, 3, 11])
def test_few_pairs_stay_as_they_are(count: int) -> None:
    features = seen(printed(1), 100)
    same = np.arange(count)
    pairs = Correspondences(same, same, np.ones(count, np.float32))
    assert match_along_surfaces(pairs, features, features) is pairs


def test_pairs_of_one_reference_keypoint_make_no_surface() -> None:
    features = seen(printed(1), 100)
    pairs = Correspondences(np.arange(40), np.zeros(40, np.int64), np.ones(40, np.float32))
    assert match_along_surfaces(pairs, features, features) is pairs


def test_every_reference_is_answered_in_its_order() -> None:
    query = seen(photographed(printed(1), ASIDE))
    references = [seen(printed(9)), seen(printed(1)), seen(printed(9), 3)]
    found = GuidedMatcher(NearestNeighbourMatcher()).match(query, references)
    alone = [
        match_along_surfaces(quick(query, reference), query, reference) for reference in references
    ]
    assert [pairs.query.tolist() for pairs in found] == [pairs.query.tolist() for pairs in alone]
    assert len(found[1]) > 100 > len(found[0])


def test_nothing_pairs_with_nothing() -> None:
    empty = seen(np.full((64, 64, 3), 128, np.uint8))
    assert len(empty) == 0
    reference = seen(printed(1))
    matcher = GuidedMatcher(NearestNeighbourMatcher())
    assert [len(pairs) for pairs in matcher.match(empty, [reference, empty])] == [0, 0]
    assert [len(pairs) for pairs in matcher.match(reference, [empty])] == [0]
    assert matcher.match(reference, []) == []
