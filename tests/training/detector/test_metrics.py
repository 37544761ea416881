import pytest

from matcher.imaging.box import Box
from training.detector.metrics import Found, average_precision, recall

RIGHT = Box(0, 0, 10, 10)
ELSEWHERE = Box(50, 50, 60, 60)


def test_finding_everything_and_nothing_else_is_perfect() -> None:
    found = [[Found(RIGHT, 0.9)], [Found(ELSEWHERE, 0.4)]]
    truth = [[RIGHT], [ELSEWHERE]]
    assert average_precision(found, truth) == 1.0
    assert recall(found, truth) == 1.0


def test_a_false_box_above_the_right_one_halves_precision() -> None:
    assert average_precision([[Found(ELSEWHERE, 0.9), Found(RIGHT, 0.5)]], [[RIGHT]]) == 0.5


def test_a_second_box_on_the_same_thing_is_false() -> None:
    twice = [[Found(RIGHT, 0.9), Found(RIGHT, 0.8)]]
    assert average_precision(twice, [[RIGHT, ELSEWHERE]]) == pytest.approx(0.5)


def test_finding_nothing_is_worth_nothing() -> None:
    assert average_precision([[]], [[RIGHT]]) == 0.0
    assert average_precision([[Found(RIGHT, 0.5)]], [[]]) == 0.0
    assert recall([[]], [[]]) == 0.0


def test_unsure_boxes_do_not_count_for_recall() -> None:
    assert recall([[Found(RIGHT, 0.05)]], [[RIGHT]], confidence=0.1) == 0.0
