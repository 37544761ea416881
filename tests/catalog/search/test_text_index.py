import pytest

from catalog.search.spelling import Vocabulary, split_words
from catalog.search.text_index import TextIndex
from tests.catalog.support.products import SHOP, found, product


def test_a_name_counts_more_than_a_description() -> None:
    assert found("milk")[-1] == "chocolate"
    assert set(found("milk")) == {"oat-milk", "cow-milk", "chocolate"}


def test_every_word_must_be_found() -> None:
    assert found("alpina milk") == ["cow-milk", "chocolate"]


def test_a_beginning_is_enough() -> None:
    assert found("choc") == ["chocolate"]


@pytest.mark.parametrize("text", ["chocolat bar", "chocloate", "chocoolate", "chokolate"])
def test_a_misspelt_word_is_read_as_its_neighbour(text: str) -> None:
    assert found(text) == ["chocolate"]


def test_a_misspelt_beginning_is_read_too() -> None:
    assert found("chcola") == ["chocolate"]


def test_a_correction_is_reported() -> None:
    hits = TextIndex().search("unsweetend", SHOP)
    assert hits.corrections == {"unsweetend": "unsweetened"}
    assert hits.complete


def test_accents_and_case_do_not_matter() -> None:
    assert found("CREME fraiche") == found("crème Fraîche") == ["creme"]


def test_attributes_and_ids_are_words_too() -> None:
    assert found("oatly") == found("oat-milk") == found("1.99") == ["oat-milk"]


def test_numbers_and_short_words_are_not_corrected() -> None:
    assert Vocabulary(["1000", "cat"]).corrections("1001") == ()
    assert Vocabulary(["1000", "cat"]).corrections("bat") == ()


def test_when_no_product_has_all_words_those_with_some_are_given_and_marked_incomplete() -> None:
    hits = TextIndex().search("oatly alps", SHOP)
    assert set(hits.relevances) == {"oat-milk", "cow-milk"}
    assert not hits.complete


@pytest.mark.parametrize("text", ["", "…", '"', "zzzzzz", "zzzzzz qqqqqq"])
def test_a_text_without_a_word_that_is_there_finds_nothing(text: str) -> None:
    assert found(text) == []


def test_nothing_is_found_in_an_empty_catalog() -> None:
    assert found("milk", {}) == []


@pytest.mark.parametrize(
    "text", ['milk" OR name:*', "NEAR(milk, 3)", "milk -oat", "a* ^b (", "'; --"]
)
def test_operators_of_the_index_are_only_text(text: str) -> None:
    TextIndex().search(text, SHOP)


def test_only_the_first_words_of_a_long_text_count() -> None:
    assert len(split_words(" ".join(f"word{number}" for number in range(100)))) == 16


def test_the_index_follows_additions_changes_and_removals() -> None:
    index = TextIndex()
    index.search("milk", SHOP)
    tea = product("tea", "Green tea")
    changed = {**SHOP, "tea": tea, "cow-milk": product("cow-milk", "Yoghurt")}
    del changed["oat-milk"]
    assert list(index.search("tea", changed).relevances) == ["tea"]
    assert list(index.search("milk", changed).relevances) == ["cow-milk", "chocolate"]
    assert list(index.search("oatly", changed).relevances) == []
    assert list(index.search("yoghourt", changed).relevances) == ["cow-milk"]


def test_an_older_snapshot_is_searched_as_it_was() -> None:
    index = TextIndex()
    index.search("milk", {})
    assert list(index.search("oatly", SHOP).relevances) == ["oat-milk"]
    assert list(index.search("oatly", {}).relevances) == []


def test_an_index_that_was_closed_starts_again() -> None:
    index = TextIndex()
    index.search("milk", SHOP)
    index.close()
    index.close()
    assert list(index.search("oatly", SHOP).relevances) == ["oat-milk"]
