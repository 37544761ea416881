import numpy as np
import pytest

from matcher.words.spelling import carried, letter_count, letters_of, likeness


def test_letters_are_folded_and_those_that_are_confused_are_one() -> None:
    assert letters_of("GRÄDDFIL 10%") == letters_of("grAddfi1 LO")
    assert letters_of("!?") == ""


@pytest.mark.parametrize(
    ("text", "count"), [("tea", 3), ("牛奶", 4), ("우유", 4), ("чай", 3), ("お茶", 4), ("", 0)]
)
def test_world_a_syllable_of_a_script_that_writes_them_counts_as_two_letters(
    text: str, count: int
) -> None:
    assert letter_count(text) == count


def test_of_readings_of_different_lengths_the_part_that_is_most_alike_counts() -> None:
    assert likeness("gilmore", "happygilmore") == 1.0
    assert likeness("gilmore", "happy") < 0.4
    assert likeness("", "happy") == likeness("", "") == 0.0


def test_a_text_has_the_words_that_it_has_nearly() -> None:
    found = carried(["MARMALADE", "HONEY"], [["marmelade", "tea"], [], ["honey"]], 0.75)
    assert found.tolist() == [[True, False, False], [False, False, True]]
    assert carried([], [["tea"]], 0.75).shape == (0, 1)
    assert carried(["!"], [["tea"]], 0.75).dtype == np.bool_
