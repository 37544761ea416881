"""Found boxes against labelled ones."""

from collections.abc import Sequence

import numpy as np
import pytest

from matcher.detection.average_precision import BoxEvaluation
from matcher.imaging.box import Box
from matcher.results import Detection

RIGHT = Box(0, 0, 10, 10)
ELSEWHERE = Box(50, 50, 60, 60)


def evaluate(
    found: Sequence[Sequence[Detection]], truth: Sequence[Sequence[Box]], confidence: float = 0.0
) -> tuple[float, float]:
    evaluation = BoxEvaluation.of(found, truth, confidence)
    return evaluation.average_precision(), evaluation.recall()


def test_finding_everything_and_nothing_else_is_perfect() -> None:
    found = [[Detection(RIGHT, 0.9)], [Detection(ELSEWHERE, 0.4)]]
    assert evaluate(found, [[RIGHT], [ELSEWHERE]]) == (1.0, 1.0)


def test_a_false_box_above_the_right_one_halves_precision() -> None:
    found = [[Detection(ELSEWHERE, 0.9), Detection(RIGHT, 0.5)]]
    assert evaluate(found, [[RIGHT]]) == (0.5, 1.0)


def test_a_second_box_on_the_same_thing_is_false() -> None:
    twice = [[Detection(RIGHT, 0.9), Detection(RIGHT, 0.8)]]
    assert evaluate(twice, [[RIGHT, ELSEWHERE]])[0] == pytest.approx(0.5)


def test_finding_nothing_is_worth_nothing() -> None:
    assert evaluate([[]], [[RIGHT]]) == (0.0, 0.0)
    assert evaluate([[Detection(RIGHT, 0.5)]], [[]]) == (0.0, 0.0)
    assert evaluate([], []) == (0.0, 0.0)


def test_unsure_boxes_do_not_count_for_recall() -> None:
    assert evaluate([[Detection(RIGHT, 0.05)]], [[RIGHT]], confidence=0.1) == (1.0, 0.0)


def test_one_box_covers_two_labelled_ones_and_finds_one() -> None:
    assert evaluate([[Detection(RIGHT, 0.5)]], [[RIGHT, RIGHT]]) == (0.5, 1.0)


def test_a_picture_of_weight_two_counts_as_two_pictures() -> None:
    found = [[Detection(RIGHT, 0.9)], [Detection(RIGHT, 0.5)]]
    truth = [[ELSEWHERE], [RIGHT]]
    weighted = BoxEvaluation.of(found, truth)
    twice = BoxEvaluation.of([*found, found[1]], [*truth, truth[1]])
    weights = np.array([1.0, 2.0])
    assert weighted.average_precision(weights) == pytest.approx(twice.average_precision())
    assert weighted.recall(weights) == pytest.approx(twice.recall())


def test_average_precision_is_the_area_under_the_curve_point_by_point() -> None:
    """On boxes by lot, by the definition: the best precision at each recall or beyond."""
    rng = np.random.default_rng(0)
    found: list[list[Detection]] = []
    truth: list[list[Box]] = []
    for _ in range(30):
        right = _boxes_by_lot(rng, int(rng.integers(0, 6)))
        moved = [_moved(box, rng) for box in right]
        boxes = [*moved, *_boxes_by_lot(rng, 3)]
        found.append([Detection(box, float(rng.random())) for box in boxes])
        truth.append(right)

    area = _area_point_by_point(found, truth)

    assert 0.05 < area < 0.95
    assert evaluate(found, truth)[0] == pytest.approx(area)


def _boxes_by_lot(rng: np.random.Generator, count: int) -> list[Box]:
    corners = rng.uniform(0, 80, (count, 2))
    sides = rng.uniform(10, 40, (count, 2))
    return [Box(x, y, x + w, y + h) for (x, y), (w, h) in zip(corners, sides, strict=True)]


def _moved(box: Box, rng: np.random.Generator) -> Box:
    left, top, right, bottom = np.array([box.left, box.top, box.right, box.bottom]) + rng.normal(
        0, 4, 4
    )
    return Box(left, top, right, bottom)


def _area_point_by_point(
    found: Sequence[Sequence[Detection]], truth: Sequence[Sequence[Box]]
) -> float:
    ranked = sorted(
        ((detection, number) for number, boxes in enumerate(found) for detection in boxes),
        key=lambda pair: -pair[0].confidence,
    )
    free = [list(boxes) for boxes in truth]
    total = sum(map(len, truth))
    points: list[tuple[float, float]] = []
    hits = 0
    for judged, (detection, number) in enumerate(ranked, start=1):
        best = max(free[number], key=detection.box.iou, default=None)
        if best is not None and detection.box.iou(best) >= 0.5:
            free[number].remove(best)
            hits += 1
        points.append((hits / total, hits / judged))
    area, before = 0.0, 0.0
    for index, (recall, _) in enumerate(points):
        area += (recall - before) * max(precision for _, precision in points[index:])
        before = recall
    return area
