import numpy as np

from catalog.encodings.printed import PrintedWord
from matcher.words.places import same_places
from tests.matcher.words.test_comparison import word


def test_words_lie_at_one_place_where_the_middle_of_one_is_on_the_other() -> None:
    reference = [word("MARMALADE", left=20), word("HONEY", left=300)]
    read = [word("MARM", left=25), word("HONEY", left=302, top=54), word("TEA", top=300)]
    assert same_places(reference, read).tolist() == [[True, False, False], [False, True, False]]


def test_a_word_that_is_much_higher_is_another_one() -> None:
    large = PrintedWord("TEA", 0.9, 3 * word("TEA", left=0, top=0).outline)
    assert not same_places([word("TEA", left=10, top=10)], [large]).any()


def test_world_no_words_and_words_without_extent_lie_nowhere() -> None:
    point = PrintedWord("TEA", 0.9, np.full((4, 2), 900, np.float32))
    assert same_places([], [word("TEA")]).shape == (0, 1)
    assert same_places([word("TEA")], []).shape == (1, 0)
    assert not same_places([word("TEA")], [point]).any()
