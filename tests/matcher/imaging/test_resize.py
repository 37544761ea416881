"""Resizing with the right filter."""

from matcher.imaging.resize import resize_within
from tests.matcher.prints import (
    flat,
)


def test_a_picture_is_resized_only_when_it_must_be() -> None:
    same, factor = resize_within(flat(200, 100), 100, 300)
    assert (same.shape, factor) == ((100, 200, 3), 1.0)
    assert resize_within(flat(200, 100), 400, 600)[0].shape == (200, 400, 3)
    assert resize_within(flat(200, 100), 10, 50)[0].shape == (25, 50, 3)
    assert resize_within(flat(400, 1), 10, 50)[0].shape == (1, 50, 3)
