"""Boxes: overlap, pixels inside, moves."""

import numpy as np
import pytest

from matcher.imaging.box import Box


def test_overlap_is_a_share_of_what_both_cover() -> None:
    box = Box(0, 0, 10, 10)
    assert box.iou(box) == 1
    assert box.iou(Box(5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert box.iou(Box(20, 0, 30, 10)) == 0
    assert Box(5, 5, 5, 5).iou(Box(5, 5, 5, 5)) == 0


def test_a_crop_is_rounded_outwards_and_never_empty() -> None:
    image = np.arange(20 * 30 * 3, dtype=np.uint8).reshape(20, 30, 3)
    assert Box(1.5, 2.5, 3.5, 4.5).crop(image).shape == (3, 3, 3)
    assert Box(-9, -9, 99, 99).crop(image).shape == image.shape
    assert Box(40, 40, 50, 50).crop(image).shape == (1, 1, 3)
    assert np.shares_memory(Box(0, 0, 5, 5).crop(image), image)


def test_a_padded_box_is_clipped_and_scaled_back() -> None:
    box = Box(2, 4, 12, 24)
    assert box.padded(0.5) == Box(-3, -6, 17, 34)
    assert box.padded(0.5).clipped(15, 30) == Box(0, 0, 15, 30)
    assert box.scaled(2).scaled(0.5) == box
    assert Box.around(np.array([[2, 9], [5, 1], [3, 3]])) == Box(2, 1, 5, 9)
