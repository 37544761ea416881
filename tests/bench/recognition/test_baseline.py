"""The classical method on printed pictures."""

import cv2
import numpy as np
import pytest

from bench.recognition.baseline import (
    Baseline,
    content_box,
    mutual_ratio_pairs,
    ratio_pairs,
    root_sift,
)
from tests.bench.scenery import printed


def test_it_names_the_reference_that_is_shown_and_outlines_it() -> None:
    baseline = Baseline({f"p{seed}": [printed(seed)] for seed in range(3)})
    turn = cv2.getRotationMatrix2D((60.0, 80.0), 10.0, 1.0)
    photo = cv2.warpAffine(printed(1), turn, (120, 160)).astype(np.uint8)
    answer = baseline.answer(photo)
    assert answer.product_id == "p1"
    corners = np.array([[0, 0, 1], [120, 0, 1], [120, 160, 1], [0, 160, 1]]) @ turn.T
    np.testing.assert_allclose(answer.outline, corners, atol=2.0)


def test_the_best_of_several_references_counts() -> None:
    baseline = Baseline({"a": [printed(5), printed(1)], "b": [printed(2)]})
    answer = baseline.answer(printed(1))
    assert answer.product_id == "a"
    assert answer.inliers_by_product["a"] == answer.inliers


def test_a_blank_photo_has_no_keypoints_and_no_answer() -> None:
    blank = np.full((100, 100, 3), 128, np.uint8)
    answer = Baseline({"a": [printed(1)]}).answer(blank)
    assert answer.product_id is None
    assert answer.outline.shape == (0, 2)


def test_a_blank_reference_pairs_with_nothing() -> None:
    blank = root_sift(np.full((100, 100, 3), 128, np.uint8))
    assert ratio_pairs(root_sift(printed(1)), blank).shape == (0, 2)
    assert ratio_pairs(blank, root_sift(printed(1))).shape == (0, 2)
    assert mutual_ratio_pairs(blank, blank).shape == (0, 2)


def test_points_are_in_the_pixels_of_the_picture_before_it_was_enlarged() -> None:
    image = np.full((100, 100, 3), 255, np.uint8)
    cv2.circle(image, (30, 60), 5, (0, 0, 0), -1)
    points = root_sift(image).points
    assert np.abs(points - (30, 60)).max(axis=1).min() < 1.0


def test_no_more_keypoints_are_returned_than_the_limit() -> None:
    assert len(root_sift(printed(1), limit=50).points) <= 50


def test_mutual_pairs_are_the_ratio_pairs_of_both_directions() -> None:
    first, second = root_sift(printed(1)), root_sift(printed(1)[5:, 5:])
    forward = {tuple(pair) for pair in ratio_pairs(first, second)}
    backward = {(a, b) for b, a in ratio_pairs(second, first)}
    assert {tuple(pair) for pair in mutual_ratio_pairs(first, second)} == forward & backward


@pytest.mark.parametrize(("margin", "expected"), [(0, (0, 0, 120, 160)), (20, (20, 20, 140, 180))])
def test_a_margin_of_one_colour_is_no_content(
    margin: int, expected: tuple[int, int, int, int]
) -> None:
    inner = np.random.default_rng(0).integers(0, 200, (160, 120, 3)).astype(np.uint8)
    image = np.full((160 + 2 * margin, 120 + 2 * margin, 3), 255, np.uint8)
    image[margin : margin + 160, margin : margin + 120] = inner
    assert content_box(image) == expected


def test_a_picture_of_one_colour_is_all_content() -> None:
    assert content_box(np.full((30, 40, 3), 255, np.uint8)) == (0, 0, 40, 30)
