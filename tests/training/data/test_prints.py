"""Invented prints and their recoloured twins."""

import numpy as np

from training.data.prints import draw_family, recolour


def test_the_same_seed_draws_the_same_family() -> None:
    assert all(map(np.array_equal, draw_family(3, 3), draw_family(3, 3)))


def test_flavours_of_one_family_share_a_layout_but_differ() -> None:
    first, second = draw_family(4, 2)
    assert first.shape == second.shape
    assert not np.array_equal(first, second)
    assert np.array_equal(first, draw_family(4, 2)[0])


def test_a_family_of_fewer_members_holds_the_same_first_ones() -> None:
    assert all(map(np.array_equal, draw_family(7, 2), draw_family(7, 4)))


def test_a_recoloured_twin_has_other_colours_and_the_same_shapes() -> None:
    image = draw_family(2, 1)[0]
    twin = recolour(image, 0)
    assert twin.shape == image.shape
    assert np.abs(twin.astype(int) - image).mean() > 5
    assert np.array_equal(twin, recolour(image, 0))


def test_a_grey_print_is_tinted() -> None:
    grey = np.full((40, 40, 3), 180, np.uint8)
    tinted = recolour(grey, 2)
    assert np.ptp(tinted[0, 0].astype(int)) > 10
