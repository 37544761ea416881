"""Pairs with a known homography and how pairings are judged."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.keypoints.homography import (
    BaselineFinder,
    FeatureFinder,
    HomographyOptions,
    Pairing,
    area_under_curve,
    corner_error,
    evaluation_photos,
    make_pairs,
    measure_homography,
    possible_pairs,
    project,
)
from bench.keypoints.warps import HEIGHT, LEAST_SHARED, WIDTH, Pair, crop_to_fill, sample_homography
from catalog.encodings.encoding import CompactFeatures
from matcher.keypoints.features import Correspondences, LocalFeatures
from tests.bench.scenery import printed, write_picture


@pytest.fixture
def options(tmp_path: Path) -> HomographyOptions:
    photos = []
    for seed in range(3):
        photos.append(tmp_path / f"{seed}.png")
        write_picture(photos[-1], printed(seed, 300, 420))
    return HomographyOptions(tuple(photos), pairs=4, keypoints=200)


class TrueFinder:
    """Places keypoints by lot and pairs them by the true homography, some of them wrongly."""

    def __init__(self, wrong: int = 0, count: int = 60) -> None:
        self._wrong = wrong
        self._count = count

    def find(self, pair: Pair) -> Pairing:
        generator = np.random.default_rng(0)
        first = generator.uniform((0, 0), (WIDTH, HEIGHT), (self._count, 2)).astype(np.float32)
        second = project(pair.homography, first).astype(np.float32)
        second[: self._wrong] += 50
        index = np.arange(self._count)
        return Pairing(first, second, np.stack([index, index], axis=1))


class NothingFinder:
    def find(self, pair: Pair) -> Pairing:
        assert pair.first.shape == pair.second.shape
        empty = np.zeros((0, 2), np.float32)
        return Pairing(empty, empty, np.zeros((0, 2), np.intp))


def test_perfect_pairs_have_precision_recall_and_area_one(options: HomographyOptions) -> None:
    figures = measure_homography([("true", TrueFinder())], options).methods[0]
    assert figures.precision == 1.0
    assert figures.recall == 1.0
    assert min(figures.auc_dlt) > 0.99
    assert min(figures.auc_ransac) > 0.99


def test_wrong_pairs_cost_precision_and_spoil_dlt_but_not_ransac(
    options: HomographyOptions,
) -> None:
    figures = measure_homography([("half", TrueFinder(wrong=20))], options).methods[0]
    assert figures.precision == pytest.approx(2 / 3)
    assert max(figures.auc_dlt) < 0.5
    assert min(figures.auc_ransac) > 0.95


def test_no_keypoints_score_nothing(options: HomographyOptions) -> None:
    figures = measure_homography([("none", NothingFinder())], options).methods[0]
    assert (figures.precision, figures.recall, figures.keypoints) == (0.0, 0.0, 0.0)
    assert figures.auc_ransac == (0.0, 0.0, 0.0)


def test_the_baseline_is_measured_on_the_same_pairs(options: HomographyOptions) -> None:
    result = measure_homography([("true", TrueFinder())], options)
    baseline = result.methods[-1]
    assert baseline.method.startswith("RootSIFT")
    assert baseline.precision > 0.6
    assert len(result.table().rows) == 2
    assert result.to_json()["pairs"] == 4


def test_the_same_seed_makes_the_same_pairs(options: HomographyOptions) -> None:
    for first, second in zip(make_pairs(options), make_pairs(options), strict=True):
        np.testing.assert_array_equal(first.second, second.second)
        np.testing.assert_array_equal(first.homography, second.homography)


def test_no_photo_is_refused() -> None:
    with pytest.raises(BenchError, match="none was given"):
        measure_homography([], HomographyOptions(()))


def test_a_warp_keeps_enough_of_the_picture_in_view() -> None:
    corners = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], np.float32)
    generator = np.random.default_rng(0)
    for _ in range(50):
        moved = project(sample_homography(generator), corners).astype(np.float32)
        common, _ = cv2.intersectConvexConvex(moved, corners)
        assert common / cv2.contourArea(moved) >= LEAST_SHARED - 1e-3


@pytest.mark.parametrize("shape", [(100, 900, 3), (900, 100, 3), (480, 640, 3), (37, 41, 3)])
def test_a_photo_of_any_shape_fills_the_frame(shape: tuple[int, int, int]) -> None:
    assert crop_to_fill(np.zeros(shape, np.uint8)).shape == (HEIGHT, WIDTH, 3)


def test_a_keypoint_is_possible_only_once() -> None:
    projected = np.array([[10.0, 10.0], [10.5, 10.0], [200.0, 200.0]])
    second = np.array([[10.0, 10.0], [150.0, 150.0]], np.float32)
    assert possible_pairs(projected, second) == 1
    assert possible_pairs(np.zeros((0, 2)), second) == 0


def test_too_few_pairs_estimate_no_homography() -> None:
    points = np.zeros((3, 2), np.float32)
    assert corner_error(points, points, np.eye(3), 0) == float("inf")


def test_the_area_under_the_curve_is_the_mean_share_below() -> None:
    assert area_under_curve([0.0, 5.0, float("inf")], 10) == pytest.approx(0.5)
    assert area_under_curve([], 3) == 0.0


class GridFrontEnd:
    """A keypoint at each corner of the picture; more to test the wiring than to match."""

    part_id = "grid"

    def extract(self, image: NDArray[np.uint8], limit: int) -> LocalFeatures:
        height, width = image.shape[:2]
        points = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)[:limit]
        ones = np.ones(len(points), np.float32)
        return LocalFeatures(points, ones, ones, ones, np.eye(4, dtype=np.float32), width, height)

    def pack(self, features: LocalFeatures) -> CompactFeatures:
        raise NotImplementedError

    def unpack(self, compact: CompactFeatures, width: int, height: int) -> LocalFeatures:
        raise NotImplementedError


class ReversedMatcher:
    def match(
        self, query: LocalFeatures, references: Sequence[LocalFeatures]
    ) -> list[Correspondences]:
        index = np.arange(len(query))
        return [
            Correspondences(index, index[::-1].copy(), np.ones(len(index), np.float32))
            for _ in references
        ]


def test_a_front_end_and_a_matcher_under_test_see_the_second_picture_as_query() -> None:
    blank = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pair = Pair(blank, blank, np.eye(3))
    pairing = FeatureFinder(GridFrontEnd(), ReversedMatcher(), 4).find(pair)
    assert pairing.pairs.tolist() == [[3, 0], [2, 1], [1, 2], [0, 3]]


def test_the_baseline_keeps_within_its_keypoints(options: HomographyOptions) -> None:
    pairing = BaselineFinder(50).find(next(make_pairs(options)))
    assert max(len(pairing.first), len(pairing.second)) <= 50


@pytest.mark.data
def test_evaluation_photos_come_from_folders_that_nothing_trains_on(shared_data: Path) -> None:
    photos = evaluation_photos(shared_data)
    assert len(photos) >= 150
    assert all({"eval_only", "eval"} & set(photo.parts) for photo in photos)


def test_missing_evaluation_photos_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="no evaluation photos"):
        evaluation_photos(tmp_path)
