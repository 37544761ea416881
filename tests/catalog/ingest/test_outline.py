"""Outlines that people draw, and sentences on what is kept."""

import pytest

from catalog.errors import Invalid
from catalog.ingest.outline import KeptImage, check_choice, read_choice
from catalog.records.kept import Corner, KeptBy, KeptChoice, ReferenceCut, ReferenceKind

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
