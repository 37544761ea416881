"""Outlines that people draw, and sentences on what is kept."""

import numpy as np
import pytest

from catalog.errors import Invalid
from catalog.ingest.outline import KeptImage, check_choice, describe_kept, read_choice
from catalog.records.kept import Corner, KeptBy, KeptChoice, ReferenceCut, ReferenceKind
from catalog.records.product import ReferenceImage
from catalog.records.shared_cells import GRID, pack_cells
from tests.catalog.support.fakes import FakeEncoder, pixels

SQUARE: tuple[Corner, ...] = ((10.0, 10.0), (90.0, 10.0), (90.0, 60.0), (10.0, 60.0))


def checked(*outline: Corner) -> KeptChoice | None:
    return check_choice(KeptChoice(outline), 100, 80, "tea.jpg")


def test_an_outline_within_the_picture_is_taken_clockwise() -> None:
    assert checked(*SQUARE) == KeptChoice(SQUARE)
    back = (SQUARE[0], SQUARE[3], SQUARE[2], SQUARE[1])
    assert checked(*back) == KeptChoice(SQUARE)
    assert checked((0, 0), (100, 0), (100, 80), (0, 80)) is not None


def test_the_whole_picture_and_no_choice_need_no_corners() -> None:
    assert check_choice(KeptChoice(), 100, 80, "tea.jpg") == KeptChoice()
    assert check_choice(None, 100, 80, "tea.jpg") is None


@pytest.mark.parametrize(
    ("outline", "sentence"),
    [
        (((10, 10), (190, 10), (90, 60), (10, 60)), "corner 2 .* lies outside tea.jpg"),
        (((-1, 10), (90, 10), (90, 60), (10, 60)), "corner 1 .* lies outside tea.jpg"),
        (((float("nan"), 1), (90, 10), (90, 60), (10, 60)), "corner 1 .* lies outside"),
        (((10, 10), (90, 60), (90, 10), (10, 60)), "crosses itself or is dented"),
        (((10, 10), (90, 10), (20, 20), (10, 60)), "crosses itself or is dented"),
        (((10, 10), (90, 10), (90, 10), (10, 10)), "holds next to nothing"),
        (((10, 10), (20, 10), (20, 20), (10, 20)), "holds next to nothing .100 square pixels"),
        (((10, 10), (90, 10), (90, 60)), "has 3 corners; give four"),
    ],
)
def test_an_outline_that_is_no_part_of_the_picture_is_refused(
    outline: tuple[Corner, ...], sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence):
        checked(*outline)


@pytest.mark.parametrize("kept_by", list(KeptBy))
def test_every_way_has_a_sentence_and_lost_keypoints_are_named(kept_by: KeptBy) -> None:
    cut = ReferenceCut(ReferenceKind.PHOTO, kept_by, 0.6)
    sentence = KeptImage("tea.jpg", "ab", SQUARE, cut).sentence
    assert sentence.startswith("tea.jpg: photo; kept is ")
    assert sentence.endswith("(60% of its keypoints)")


def test_what_an_earlier_version_kept_is_not_invented() -> None:
    assert "did not write down" in KeptImage("tea.jpg", "ab", SQUARE, None).sentence


@pytest.mark.parametrize(
    ("given", "choice"),
    [
        ("whole", KeptChoice()),
        ("automatic", None),
        ("10,10 90,10  90,60 10,60", KeptChoice(SQUARE)),
        ([[10, 10], [90, 10], [90, 60], [10, 60]], KeptChoice(SQUARE)),
    ],
)
def test_a_choice_is_read_as_people_write_it(given: object, choice: KeptChoice | None) -> None:
    assert read_choice(given) == choice


@pytest.mark.parametrize(
    "given",
    [None, "", "all", "1,2 3,4", "1,2 3,4 5,6 7,x", [[1, 2]] * 3, [1, 2, 3, 4], [[1]] * 4, 7],
)
def test_what_is_no_choice_is_refused_with_an_example(given: object) -> None:
    with pytest.raises(Invalid, match="such as 10,20 300,20"):
        read_choice(given)


def test_background_is_named_and_drawn_row_by_row() -> None:
    cells = np.zeros((GRID, GRID), np.bool_)
    cells[0, :16] = cells[1, 4:8] = cells[1, 20:] = True
    image = ReferenceImage("ab", "png", 64, 32, "tea.png", "", background=pack_cells(cells))
    kept = describe_kept(image, FakeEncoder().encode(pixels(1, 64, 32), ()))
    assert list(kept.background) == [(0, 0, 32, 1), (8, 1, 16, 2), (40, 1, 64, 2)]
    assert kept.background_share == 0.0  # the stand-in's keypoints lie in the second row
    assert "0% of that is dropped as background" in kept.sentence
    nothing = ReferenceImage("ab", "png", 64, 32, "tea.png", "")
    assert not describe_kept(nothing, FakeEncoder().encode(pixels(1, 64, 32), ())).background
