import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.words.transcription import transcribe

ALPHABET = ("a", "b", "c", " ")


def columns(answers: str, confidence: float = 0.9) -> NDArray[np.float32]:
    """One answer a column; `-` for no letter."""
    chances = np.full((len(answers), 5), (1 - confidence) / 4, np.float32)
    for column, answer in enumerate(answers):
        chances[column, 0 if answer == "-" else ALPHABET.index(answer) + 1] = confidence
    return chances


def test_repeated_answers_are_one_letter_and_a_pause_makes_two() -> None:
    assert [word.text for word in transcribe(columns("-aa-a-bb--"), ALPHABET)] == ["aab"]


def test_blanks_part_words_and_each_knows_its_place() -> None:
    first, second = transcribe(columns("-a-b-- -c-c-"), ALPHABET)
    assert (first.text, second.text) == ("ab", "cc")
    assert first.start < 2 / 12 < first.end < second.start < second.end <= 1


def test_a_word_is_as_sure_as_its_letters() -> None:
    assert transcribe(columns("-a-b-", 0.7), ALPHABET)[0].confidence == pytest.approx(0.7)


@pytest.mark.parametrize("answers", ["", "-", "-----", " ", "-- - "])
def test_a_line_without_letters_has_no_words(answers: str) -> None:
    assert transcribe(columns(answers), ALPHABET) == [] if answers else True


def test_a_single_letter_has_a_width() -> None:
    (word,) = transcribe(columns("--a--"), ALPHABET)
    assert 0 < word.start < 0.5 < word.end < 1
