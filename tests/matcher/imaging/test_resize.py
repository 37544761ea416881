"""Resizing with the right filter."""

import numpy as np
import pytest

from matcher.imaging.resize import halved, reduced, resize_within
from tests.matcher.prints import (
    flat,
)


def test_a_picture_is_resized_only_when_it_must_be() -> None:
    same, factor = resize_within(flat(200, 100), 100, 300)
    assert (same.shape, factor) == ((100, 200, 3), 1.0)
    assert resize_within(flat(200, 100), 400, 600)[0].shape == (200, 400, 3)
    assert resize_within(flat(200, 100), 10, 50)[0].shape == (25, 50, 3)
    assert resize_within(flat(400, 1), 10, 50)[0].shape == (1, 50, 3)


def test_half_a_picture_is_the_mean_of_each_four_pixels() -> None:
    image = np.random.default_rng(0).integers(0, 256, (7, 11, 3)).astype(np.uint8)
    half = halved(image)
    assert half.shape == (3, 5, 3)
    means = image[:6, :10].reshape(3, 2, 5, 2, 3).mean(axis=(1, 3))
    assert np.abs(half - means).max() <= 0.5


@pytest.mark.parametrize("shape", [(1, 1), (1, 2000), (2000, 1), (300, 5)])
def test_pictures_of_any_size_are_halved_and_reduced(shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 9, np.uint8)
    assert (halved(image) == 9).all()
    assert reduced(image, 32, 48).shape == (48, 32, 3)


def test_a_much_larger_picture_is_averaged_and_not_sampled() -> None:
    image = np.zeros((400, 400, 3), np.uint8)
    image[::2] = 200
    assert np.abs(reduced(image, 60, 50).astype(int) - 100).max() <= 1
