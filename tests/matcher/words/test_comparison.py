from dataclasses import replace

import numpy as np
import pytest

from catalog.encodings.printed import PrintedWord
from matcher.words.comparison import (
    WORD_SETTINGS,
    WordComparison,
    WordOutcome,
    comparable,
    compare_words,
    mark_shared,
    weigh_words,
)

AGREES, CONTRADICTS, UNREAD = WordOutcome.AGREES, WordOutcome.CONTRADICTS, WordOutcome.UNREAD


def word(text: str, left: float = 20, top: float = 50, confidence: float = 0.95) -> PrintedWord:
    """A word of letters of 12 pixels' width and 20 pixels' height."""
    right, bottom = left + 12 * len(text), top + 20
    corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return PrintedWord(text, confidence, np.array(corners, np.float32))


def outcome(expected: PrintedWord, *read: PrintedWord) -> WordOutcome:
    (comparison,) = compare_words([expected], read)
    return comparison.outcome


def test_the_same_word_at_its_place_agrees_however_its_letters_are_confused() -> None:
    assert outcome(word("SOMMARMJÖLK"), word("SCMMARMD0LK", left=25, top=54)) is AGREES
    assert outcome(word("Original"), word("0r1glnal")) is AGREES


def test_a_word_read_with_its_neighbour_or_in_pieces_agrees() -> None:
    assert outcome(word("GILMORE", left=92), word("HAPPYGILMORE", left=32)) is AGREES
    assert outcome(word("SOMMARFIL"), word("SOMM", left=20), word("ARFIL", left=70)) is AGREES


def test_another_word_read_surely_at_its_place_contradicts_and_is_named() -> None:
    assert outcome(word("SOMMARFIL"), word("GRÄDDFIL")) is CONTRADICTS
    (comparison,) = compare_words([word("SMOOTH")], [word("GRAPEFRUIT")])
    assert (comparison.expected, comparison.read) == ("SMOOTH", "GRAPEFRUIT")
    assert comparison.outcome is CONTRADICTS


@pytest.mark.parametrize(
    "read",
    [
        word("GRAPEFRUIT", top=200),
        word("GRAPEFRUIT", confidence=0.7),
        word("XQ"),
        PrintedWord("GRAPEFRUIT", 0.95, 5 * word("GRAPEFRUIT", 4, 10).outline),
    ],
    ids=["elsewhere", "hardly read", "too short", "much larger"],
)
def test_other_readings_say_nothing(read: PrintedWord) -> None:
    assert outcome(word("SMOOTH"), read) is UNREAD


def test_a_word_of_the_reference_at_another_one_s_place_is_a_homography_that_is_off() -> None:
    expected = [word("SMOOTH", top=50), word("ORANGE", top=80)]
    outcomes = [item.outcome for item in compare_words(expected, [word("ORANGE", top=55)])]
    assert CONTRADICTS not in outcomes


def test_short_and_doubtful_words_of_a_reference_are_not_compared() -> None:
    assert comparable([word("of"), word("HONEY", confidence=0.6), word("!!!!")]) == []
    assert compare_words([], [word("HONEY")]) == ()
    assert [item.text for item in comparable([word("HONEY")])] == ["HONEY"]


def judged(*outcomes: WordOutcome) -> float:
    return weigh_words([WordComparison("a", "b", item) for item in outcomes])


def test_words_speak_for_and_against_within_bounds() -> None:
    assert judged() == judged(UNREAD, UNREAD) == 0.0
    assert 0 < judged(AGREES) < judged(AGREES, AGREES) <= WORD_SETTINGS.most_for
    assert judged(*[AGREES] * 50) == WORD_SETTINGS.most_for
    assert judged(AGREES, CONTRADICTS) < -2
    assert judged(*[CONTRADICTS] * 9) == WORD_SETTINGS.most_against


def test_a_word_that_is_missing_counts_only_where_others_are_read() -> None:
    assert judged(AGREES, UNREAD) < judged(AGREES)
    assert judged(AGREES, *[UNREAD] * 80) > -2


def shared_by(share: float, *outcomes: WordOutcome) -> float:
    return weigh_words([WordComparison("a", "b", item, share) for item in outcomes])


def test_a_word_that_all_near_twins_carry_says_nothing_and_a_rare_one_much() -> None:
    assert shared_by(1.0, AGREES) == 0.0
    assert shared_by(0.95, AGREES, AGREES, AGREES) < 0.1
    assert shared_by(0.1, AGREES) > 2 * judged(AGREES)
    assert shared_by(0.95, AGREES, UNREAD) > judged(AGREES, UNREAD) - 0.1


def test_a_contradicted_word_counts_however_many_carry_it() -> None:
    assert shared_by(0.99, CONTRADICTS) == WORD_SETTINGS.against


def test_of_two_twins_only_the_words_count_in_which_they_differ() -> None:
    brand, apple = (
        WordComparison("BRAVO", "BRAVO", AGREES),
        WordComparison("ÄPPLE", "ÄPPLE", AGREES),
    )
    orange, fibre = (
        WordComparison("ORANGE", "ÄPPLE", CONTRADICTS),
        WordComparison("FIBER", "", UNREAD),
    )
    own, twin = mark_shared([(brand, apple, fibre), (brand, orange, fibre)])
    assert own == (replace(brand, share=1.0), apple, replace(fibre, share=1.0))
    assert twin == (replace(brand, share=1.0), orange, replace(fibre, share=1.0))
    assert weigh_words(own) == judged(AGREES)
    assert weigh_words(twin) == WORD_SETTINGS.against
    assert mark_shared([(brand, apple)]) == [(brand, apple)]


def test_a_word_that_contradicts_both_twins_speaks_against_both() -> None:
    strange = WordComparison("BRAVO", "RYNKEBY", CONTRADICTS)
    assert [weigh_words(words) for words in mark_shared([(strange,), (strange,)])] == [
        WORD_SETTINGS.against
    ] * 2


def test_world_a_reference_without_words_says_nothing() -> None:
    assert compare_words([], [word("HONEY")]) == ()
    assert weigh_words(()) == 0.0
    assert mark_shared([(), ()]) == [(), ()]


def test_world_a_thousand_words_are_compared_within_the_bounds() -> None:
    page = [
        word(f"WORD{number}", left=20 + 200 * (number % 40), top=20 + 60 * (number // 40))
        for number in range(1000)
    ]
    same = compare_words(page, page)
    assert [item.outcome for item in same] == [AGREES] * 1000
    assert weigh_words(same) == WORD_SETTINGS.most_for
    shared, _ = mark_shared([same, same])
    assert weigh_words(shared) == 0.0


def test_world_words_of_two_ideographs_are_compared_and_those_of_other_scripts() -> None:
    assert outcome(word("红茶"), word("红茶")) is AGREES
    assert outcome(word("红茶"), word("绿豆")) is CONTRADICTS
    assert outcome(word("КЕФИР"), word("КЕФИР")) is AGREES
    assert outcome(word("КЕФИР"), word("МОЛОКО")) is CONTRADICTS
    assert outcome(word("حليب"), word("حليب")) is AGREES
