"""Products that are pasted are boxed where they show."""

import numpy as np
import pytest

from matcher.imaging.box import Box
from training.augment.views import Subject
from training.data.cutouts import whole_picture
from training.detector.canvas import PastePose, SceneCanvas

GREY = np.full((200, 200, 3), 128, np.uint8)


def card(width: int, height: int) -> Subject:
    image = np.full((height, width, 3), (220, 20, 20), np.uint8)
    return Subject(image, whole_picture(image).mask, Box(0, 0, width, height))


def pose(height: float, x: float, y: float, heading: float = 0.0) -> PastePose:
    return PastePose(height, np.array([x, y]), tilt=0, turn=0, heading=heading)


def about(left: float, top: float, right: float, bottom: float) -> object:
    return pytest.approx((left, top, right, bottom), abs=2)


def sides(box: Box) -> tuple[float, float, float, float]:
    return box.left, box.top, box.right, box.bottom


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        (0.0, (80, 60, 120, 140)),
        (90.0, (60, 80, 140, 120)),
        (180.0, (80, 60, 120, 140)),
        (45.0, (57.6, 57.6, 142.4, 142.4)),
    ],
)
def test_a_turned_product_is_boxed_as_it_lies(
    heading: float, expected: tuple[float, float, float, float]
) -> None:
    canvas = SceneCanvas(GREY, np.random.default_rng(0))
    canvas.paste(card(40, 80), pose(80, 100, 100, heading))
    assert [sides(box) for box in canvas.visible_boxes()] == [about(*expected)]


def test_a_box_ends_where_another_product_covers_it() -> None:
    canvas = SceneCanvas(GREY, np.random.default_rng(0))
    canvas.paste(card(40, 80), pose(80, 60, 100))
    canvas.paste(card(40, 80), pose(80, 80, 100))
    behind, before = canvas.visible_boxes()
    assert sides(behind) == about(40, 60, 60, 140)
    assert sides(before) == about(60, 60, 100, 140)


def test_what_is_mostly_covered_or_outside_has_no_box() -> None:
    canvas = SceneCanvas(GREY, np.random.default_rng(0))
    canvas.paste(card(40, 80), pose(80, 60, 100))
    canvas.paste(card(40, 80), pose(80, 70, 100))
    canvas.paste(card(40, 80), pose(80, 197, 190))
    assert len(canvas.visible_boxes()) == 1


def test_a_canvas_of_nothing_has_no_box() -> None:
    canvas = SceneCanvas(GREY, np.random.default_rng(0))
    canvas.paste(card(40, 80), pose(80, -200, 100))
    assert canvas.visible_boxes() == ()
