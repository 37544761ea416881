import numpy as np
import pytest

from matcher.imaging.box import Box
from matcher.tracking.appearance import Appearance, AppearanceSettings, Sighting
from matcher.tracking.same_copy import is_covered, is_same_copy, place_distance

SETTINGS = AppearanceSettings()
PLACE = Box(100, 100, 180, 200)


def appearance_at(
    place: Box, *, first_s: float = 0.0, last_s: float = 1.0, reported: str | None = None
) -> Appearance:
    outline = np.zeros((0, 2), np.float32)
    first, last = (Sighting(0, time, place, outline) for time in (first_s, last_s))
    return Appearance(1, first, last, place, [1], [1], reported=reported, announced=True)


def moved(right: float, down: float = 0.0) -> Box:
    return Box(PLACE.left + right, PLACE.top + down, PLACE.right + right, PLACE.bottom + down)


@pytest.mark.parametrize(
    ("right", "name", "is_one"),
    [(5, "tea", True), (5, "cola", False), (90, "tea", False), (5, None, True), (60, None, False)],
)
def test_two_in_view_are_one_copy_by_name_and_overlap(
    right: float, name: str | None, is_one: bool
) -> None:
    older, younger = appearance_at(PLACE, reported="tea"), appearance_at(moved(right))
    assert is_same_copy(older, younger, name, SETTINGS) is is_one


def test_a_box_within_that_of_its_own_product_is_the_same_copy() -> None:
    older = appearance_at(PLACE, reported="tea")
    part = appearance_at(Box(110, 110, 150, 150))
    assert is_same_copy(older, part, "tea", SETTINGS)
    assert not is_same_copy(older, part, None, SETTINGS)


@pytest.mark.parametrize(
    ("right", "name", "is_one"),
    [(40, "tea", True), (40, "cola", False), (40, None, False), (20, None, True)],
)
def test_what_comes_back_near_its_place_is_the_same_copy(
    right: float, name: str | None, is_one: bool
) -> None:
    gone = appearance_at(PLACE, reported="tea")
    gone.in_view = False
    back = appearance_at(moved(right), first_s=2.0)
    assert is_same_copy(gone, back, name, SETTINGS) is is_one


def test_who_was_there_before_the_other_left_is_another_copy() -> None:
    gone = appearance_at(PLACE, last_s=2.0, reported="tea")
    gone.in_view = False
    assert not is_same_copy(gone, appearance_at(PLACE, first_s=1.0), "tea", SETTINGS)


def test_after_a_cut_only_what_fits_exactly_is_the_same_copy() -> None:
    gone = appearance_at(PLACE, reported="tea")
    gone.in_view, gone.severed = False, True
    assert is_same_copy(gone, appearance_at(moved(20), first_s=2.0), "tea", SETTINGS)
    assert not is_same_copy(gone, appearance_at(moved(40), first_s=2.0), "tea", SETTINGS)
    assert not is_same_copy(gone, appearance_at(moved(5), first_s=2.0), None, SETTINGS)


def test_places_of_other_sizes_are_far_apart() -> None:
    small = appearance_at(Box(100, 100, 140, 150))
    assert place_distance(appearance_at(PLACE), small) == float("inf")
    assert place_distance(appearance_at(PLACE), appearance_at(moved(8))) == pytest.approx(0.1)


def test_a_part_of_a_product_and_a_box_around_several_are_covered() -> None:
    neighbours = [PLACE, moved(85)]
    assert is_covered(Box(110, 150, 160, 200), neighbours, 0.7)
    assert is_covered(Box(100, 100, 265, 200), neighbours, 0.7)
    assert not is_covered(moved(0, 80), neighbours, 0.7)
    assert not is_covered(PLACE, [], 0.7)
