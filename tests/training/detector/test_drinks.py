"""Bottles and cans become cut-outs, and lie in every direction."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.imaging.box import Box
from training.augment.views import Subject
from training.data.prints import draw_family
from training.detector.canvas import SceneCanvas
from training.detector.drink_layouts import DrinkLayouts
from training.detector.drinks import cut_drinks, draw_drink


def photo(colour: tuple[int, int, int]) -> NDArray[np.uint8]:
    image = np.random.default_rng(0).integers(90, 120, (200, 200, 3)).astype(np.uint8)
    cv2.rectangle(image, (80, 60), (120, 140), colour, cv2.FILLED)
    for level in (60, 140):
        cv2.ellipse(image, (100, level), (20, 14), 0, 0, 360, colour, cv2.FILLED)
    return image


CAN = Box(80, 46, 121, 155)


def test_a_can_comes_out_whole() -> None:
    (can,) = cut_drinks(photo((220, 20, 20)), [CAN])
    assert can.mask is not None
    reds = can.image[can.mask > 0]
    assert np.median(reds[:, 0]) > 200
    assert 0.8 * CAN.width < can.box.width <= CAN.width + 2


@pytest.mark.parametrize(
    "boxes",
    [
        pytest.param([CAN, Box(100, 44, 150, 151)], id="another drink stands before it"),
        pytest.param([Box(10, 10, 20, 40)], id="too small"),
        pytest.param([Box(130, 100, 190, 190)], id="nothing there"),
        pytest.param([Box(0, 0, 200, 200)], id="nothing outside the box"),
    ],
)
def test_what_does_not_come_out_whole_is_left(boxes: list[Box]) -> None:
    assert cut_drinks(photo((220, 20, 20)), boxes[:1] if len(boxes) == 1 else boxes) == []


def drawn_drinks() -> list[Subject]:
    rng = np.random.default_rng(3)
    return [draw_drink(image, rng) for seed in range(4) for image in draw_family(seed, 2)]


def test_drawn_drinks_are_tall_and_round_off() -> None:
    for drink in drawn_drinks():
        assert drink.mask is not None
        assert drink.mask.shape == drink.image.shape[:2]
        assert drink.box.height > 1.4 * drink.box.width
        assert drink.mask[0, 0] == 0
        assert drink.mask.mean() > 0.4 * 255


def test_drinks_lie_and_stand_in_every_layout() -> None:
    layouts = DrinkLayouts(drawn_drinks(), np.random.default_rng(0))
    boxes: list[Box] = []
    for seed in range(30):
        canvas = SceneCanvas(np.full((160, 160, 3), 128, np.uint8), np.random.default_rng(seed))
        layouts.fill(canvas)
        boxes += canvas.visible_boxes()
    lying = np.mean([box.width > box.height for box in boxes])
    assert len(boxes) > 60
    assert 0.15 < lying < 0.85
    assert all(0 <= box.left < box.right <= 160 and box.top >= 0 for box in boxes)
