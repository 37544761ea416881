import cv2
import numpy as np
import pytest

from matcher.keypoints.features import Correspondences, LocalFeatures
from matcher.keypoints.homography import (
    MINIMUM_INLIERS,
    Placement,
    find_placements,
    outline_overlap,
    project_outline,
)
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


def placed(picture: Image, product: Image) -> tuple[list[Placement], LocalFeatures]:
    reference = root_sift().extract(product, 800)
    query = root_sift().extract(picture, 2000)
    pairs = NearestNeighbourMatcher().match(query, [reference])[0]
    return find_placements(pairs, query, reference), reference


def turned(centre: tuple[float, float], size: tuple[float, float], degrees: float) -> Corners:
    return cv2.boxPoints((centre, size, degrees))[[1, 2, 3, 0]].astype(np.float32)


def both_ways(one: Corners, other: Corners) -> float:
    """Intersection over union of two convex outlines."""
    area, _ = cv2.intersectConvexConvex(one, other)
    return float(area / (cv2.contourArea(one) + cv2.contourArea(other) - area))


@pytest.mark.parametrize(
    "corners",
    [
        upright(150, 60, 240, 320),
        upright(300, 200, 120, 160),
        turned((320, 240), (240, 320), 60),
        turned((320, 240), (200, 270), 180),
        np.array([[200, 60], [420, 110], [400, 380], [190, 420]], np.float32),
    ],
    ids=["as it is", "half as large", "turned", "upside down", "from aside"],
)
def test_a_product_is_outlined_where_it_is(corners: Corners) -> None:
    found, _ = placed(photographed(printed(1), corners), printed(1))
    assert len(found) >= 1
    assert both_ways(found[0].outline, corners) > 0.9
    assert found[0].inliers > 20


def test_every_copy_of_a_print_is_placed() -> None:
    truth = [
        upright(20, 20, 160, 213),
        upright(230, 40, 150, 200),
        turned((520, 140), (150, 200), 25),
        upright(60, 255, 150, 200),
        turned((420, 360), (150, 200), 175),
    ]
    picture = clutter(5, 640, 480)
    for corners in truth:
        picture = pasted(picture, printed(2), corners)
    found, _ = placed(picture, printed(2))
    for corners in truth:
        assert max(both_ways(placement.outline, corners) for placement in found) > 0.9
    for placement in found:
        assert max(outline_overlap(placement.outline, corners) for corners in truth) > 0.9
    assert [placement.inliers for placement in found] == sorted(
        (placement.inliers for placement in found), reverse=True
    )


def test_the_inliers_lie_where_the_homography_says() -> None:
    found, reference = placed(photographed(printed(1), upright(150, 60, 240, 320)), printed(1))
    best = found[0]
    known = reference.points[best.reference][None].astype(np.float64)
    mapped = cv2.perspectiveTransform(known, best.homography)[0]
    assert np.hypot(*(mapped - best.query_points).T).max() <= 5.0


def test_another_product_is_placed_by_a_few_common_corners_at_most() -> None:
    found, _ = placed(photographed(printed(1), upright(150, 60, 240, 320)), printed(9))
    assert all(placement.inliers < 40 for placement in found)


def test_a_mirrored_product_is_not_placed() -> None:
    mirrored = np.ascontiguousarray(printed(1)[:, ::-1])
    found, _ = placed(photographed(mirrored, upright(150, 60, 240, 320)), printed(1))
    # A mirrored rectangle is still a rectangle; the print as a whole has hundreds.
    assert all(placement.inliers < 40 for placement in found)


def test_two_faces_of_a_carton_join_into_one_placement() -> None:
    carton = printed(3, 400, 320)
    width = carton.shape[1] // 2
    front, side = carton[:, :width], carton[:, width:]
    left = np.array([[120, 100], [320, 60], [320, 420], [120, 380]], np.float32)
    right = np.array([[320, 60], [500, 120], [500, 360], [320, 420]], np.float32)
    picture = pasted(photographed(front, left), side, right)
    found, reference = placed(picture, carton)
    best = found[0]
    on_front = int((reference.points[best.reference, 0] < width).sum())
    on_side = len(best.reference) - on_front
    assert min(on_front, on_side) > 15
    assert sum(placement.inliers > 15 for placement in found) == 1


def test_a_placement_counts_distinct_keypoints_of_the_poorer_side() -> None:
    square = upright(0, 0, 8, 8)
    index = np.array([0, 1, 2, 3])
    shared = np.array([5, 5, 5, 6])
    points = np.zeros((4, 2), np.float32)
    assert Placement(np.eye(3), index, shared, points, square).inliers == 2


def test_too_few_pairs_place_nothing() -> None:
    features = root_sift().extract(printed(1), 100)
    few = np.arange(MINIMUM_INLIERS - 1)
    pairs = Correspondences(few, few, np.ones(len(few), np.float32))
    assert find_placements(pairs, features, features) == []


def test_pairs_without_any_order_place_nothing() -> None:
    features = root_sift().extract(printed(1), 200)
    shuffled = np.random.default_rng(0).permutation(len(features)).astype(np.int64)
    pairs = Correspondences(np.arange(len(features)), shuffled, np.ones(200, np.float32))
    assert all(placement.inliers < 8 for placement in find_placements(pairs, features, features))


def sized(width: int, height: int) -> LocalFeatures:
    none = np.zeros(0, np.float32)
    return LocalFeatures(
        np.zeros((0, 2), np.float32), none, none, none, np.zeros((0, 8), np.float32), width, height
    )


def onto(corners: list[list[float]]) -> Corners | None:
    matrix = cv2.getPerspectiveTransform(
        upright(0, 0, 100, 100), np.array(corners, dtype=np.float32)
    )
    return project_outline(matrix.astype(np.float64), sized(100, 100), 100)


def test_an_outline_is_where_the_homography_takes_the_corners() -> None:
    corners = [[10, 10], [200, 30], [190, 210], [5, 180]]
    outline = onto([[float(x), float(y)] for x, y in corners])
    assert outline is not None
    assert np.allclose(outline, corners, atol=1e-2)


@pytest.mark.parametrize(
    "corners",
    [
        [[200, 10], [10, 10], [10, 200], [200, 200]],
        [[10, 10], [200, 200], [200, 10], [10, 200]],
        [[10, 10], [200, 10], [90, 90], [10, 200]],
        [[10, 10], [15, 10], [15, 15], [10, 15]],
        [[10, 10], [900, 10], [900, 40], [10, 40]],
    ],
    ids=["mirrored", "folded", "dented", "tiny", "stretched"],
)
def test_an_outline_that_no_camera_sees_is_refused(corners: list[list[float]]) -> None:
    assert onto(corners) is None


def test_an_outline_through_the_horizon_is_refused() -> None:
    behind = np.array([[1.0, 0, 0], [0, 1, 0], [-0.02, 0, 1]])
    assert project_outline(behind, sized(100, 100), 100) is None


def test_few_pairs_are_believed_less_stretch_than_many() -> None:
    stretched = np.diag([3.0, 1.0, 1.0])
    assert project_outline(stretched, sized(100, 100), 5) is None
    assert project_outline(stretched, sized(100, 100), 50) is not None


def test_overlap_is_the_share_of_the_smaller_outline() -> None:
    large, inside = upright(0, 0, 100, 100), upright(10, 10, 20, 20)
    assert outline_overlap(large, inside) == pytest.approx(1.0)
    assert outline_overlap(inside, large) == pytest.approx(1.0)
    assert outline_overlap(inside, upright(20, 10, 20, 20)) == pytest.approx(0.5)
    assert outline_overlap(large, upright(200, 0, 10, 10)) == 0.0
    assert outline_overlap(large, upright(5, 5, 0, 0)) == 0.0
