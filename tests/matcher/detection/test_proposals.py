"""The detector that needs no training."""

import pytest

from matcher.detection.proposals import PrintDetector
from matcher.imaging.box import Box
from tests.matcher.prints import flat, held_up, pasted, printed, upright


def test_dense_print_is_proposed() -> None:
    photo = pasted(flat(640, 480), printed(1), upright(60, 80, 150, 200))
    photo = pasted(photo, printed(2), upright(400, 200, 150, 200))
    boxes = [detection.box for detection in PrintDetector().detect(photo)]
    for truth in (Box(60, 80, 210, 280), Box(400, 200, 550, 400)):
        assert max(box.iou(truth) for box in boxes) > 0.5


def test_proposals_are_few_distinct_and_surest_first() -> None:
    found = PrintDetector().detect(held_up(printed(1)))
    assert len(found) <= 12
    confidences = [detection.confidence for detection in found]
    assert confidences == sorted(confidences, reverse=True)
    assert all(0 <= confidence <= 1 for confidence in confidences)


@pytest.mark.parametrize("size", [(16, 16), (640, 480)])
def test_a_flat_picture_has_no_proposals(size: tuple[int, int]) -> None:
    assert PrintDetector().detect(flat(*size)) == ()
