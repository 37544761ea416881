"""Rules for ids, texts and attributes: what is refused, and with which sentence."""

import pytest

from catalog.errors import Invalid, NotFound
from catalog.records.product import AttributeValue, Product
from catalog.records.validation import (
    LONGEST_ATTRIBUTE,
    LONGEST_DESCRIPTION,
    LONGEST_NAME,
    MOST_ATTRIBUTES,
    MOST_LISTED,
    attribute_items,
    changed_attributes,
    check_id,
    check_restorable,
    check_texts,
    is_restorable,
    to_storable,
)
from tests.catalog.support.fakes import MemoryStorage, new_store, picture

BAD_IDS = [
    "",
    "a/b",
    "..",
    "../a",
    ".hidden",
    "-x",
    "höfe",
    "a b",
    "a\n",
    "a\0",
    "x" * 129,
    "x" * 300,
]


@pytest.mark.parametrize(
    "attributes",
    [
        {"": "x"},
        {"x": float("nan")},
        {"x": float("inf")},
        {"x": None},
        {"x": {"y": 1}},
        {"x": [1, 2]},
        {"x": "y" * 3000},
        {"x": "\ud800"},
        {str(n): "x" for n in range(101)},
    ],
)
def test_bad_attributes_are_refused(memory: MemoryStorage, attributes: dict[str, str]) -> None:
    store = new_store(memory)
    before = dict(memory.objects)
    with pytest.raises(Invalid):
        store.add_product("a", [picture(1)], attributes=attributes)
    assert memory.objects == before


def test_texts_that_cannot_be_stored_are_refused(memory: MemoryStorage) -> None:
    store = new_store(memory)
    with pytest.raises(Invalid, match="300"):
        store.add_product("a", [picture(1)], name="x" * 301)
    with pytest.raises(Invalid, match="Unicode"):
        store.add_product("a", [picture(1)], description="\udcff")


@pytest.mark.parametrize("product_id", BAD_IDS)
def test_a_bad_id_is_refused_and_nothing_is_written(memory: MemoryStorage, product_id: str) -> None:
    store = new_store(memory)
    before = dict(memory.objects)
    with pytest.raises(Invalid, match="cannot be a product id") as caught:
        store.add_product(product_id, [picture(1)])
    assert len(str(caught.value)) < 250
    assert "\n" not in str(caught.value)
    assert memory.objects == before


@pytest.mark.parametrize("text", ["a", "A.b_c-d", "7", "x" * 128, "a..b"])
def test_an_id_that_keeps_the_pattern_is_taken(text: str) -> None:
    check_id(text, "catalog")


def test_a_refused_id_is_quoted_in_part_with_the_thing_it_should_name() -> None:
    with pytest.raises(Invalid, match=r"^'\.\.' cannot be a catalog id; use 1 to 128 letters"):
        check_id("..", "catalog")
    with pytest.raises(Invalid, match=rf"^'{'x' * 60}'… \(129 characters\) cannot be a part id"):
        check_id("x" * 129, "part")


def test_the_longest_texts_are_taken_and_one_character_more_is_not() -> None:
    check_texts("n" * LONGEST_NAME, "d" * LONGEST_DESCRIPTION)
    with pytest.raises(Invalid, match="the name has 301 characters; give at most 300"):
        check_texts("n" * (LONGEST_NAME + 1), "")
    with pytest.raises(Invalid, match="the description has 20,001 characters; give at most 20,000"):
        check_texts("", "d" * (LONGEST_DESCRIPTION + 1))


def test_attributes_keep_their_order_and_become_texts_numbers_and_lists() -> None:
    given: dict[str, AttributeValue] = {"z": 2, "a": True, "b": "x", "c": ("d", "e")}
    assert attribute_items(given) == (("z", 2.0), ("a", "true"), ("b", "x"), ("c", ("d", "e")))
    assert [type(value) for _, value in attribute_items(given)] == [float, str, str, tuple]


def test_the_most_and_the_longest_attributes_are_taken() -> None:
    assert len(attribute_items({str(n): "x" for n in range(MOST_ATTRIBUTES)})) == MOST_ATTRIBUTES
    attribute_items({"n" * LONGEST_NAME: "x" * LONGEST_ATTRIBUTE, "l": ("t",) * MOST_LISTED})


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        (" ", "x", "an attribute needs a name"),
        ("n" * 301, "x", "the attribute name has 301 characters; give at most 300"),
        ("\ud800", "x", r"the attribute name '\\ud800' is not valid Unicode"),
        ("a", float("-inf"), "attribute 'a' is -inf; give a finite number"),
        ("a", {"b": 1}, "attribute 'a' must be a text, a number or a list of texts"),
        ("a", None, "attribute 'a' must be a text, a number or a list of texts"),
        ("a", ["t"] * 101, "attribute 'a' lists 101 texts; give at most 100"),
        ("a", ["t", 2], "attribute 'a' lists something that is no text: 2"),
        ("a", ["t" * 2001], "the attribute 'a' has 2,001 characters; give at most 2,000"),
        ("a", ["\udcff"], r"the attribute 'a' '\\udcff' is not valid Unicode"),
    ],
)
def test_a_bad_attribute_is_refused_with_its_reason(
    key: str, value: AttributeValue, sentence: str
) -> None:
    with pytest.raises(Invalid, match=f"^{sentence}"):
        attribute_items({key: value})
    with pytest.raises(Invalid, match="101 attributes are too many; give at most 100"):
        attribute_items({str(n): "x" for n in range(MOST_ATTRIBUTES + 1)})


def test_attributes_are_changed_in_their_place_added_at_the_end_or_taken_away() -> None:
    items: tuple[tuple[str, AttributeValue], ...] = (("a", 1.0), ("b", "x"), ("c", "y"))
    assert changed_attributes(items, {}) is items
    assert changed_attributes(items, {"d": "new", "b": 2.0, "c": None}) == (
        ("a", 1.0),
        ("b", 2.0),
        ("d", "new"),
    )
    with pytest.raises(Invalid, match="there is no attribute 'e' to take away"):
        changed_attributes(items, {"e": None})
    with pytest.raises(Invalid, match="give a finite number"):
        changed_attributes(items, {"a": float("nan")})


def test_a_file_name_becomes_text_and_keeps_its_end_when_it_is_long() -> None:
    assert to_storable("caf\udce9.png") == "caf?.png"
    assert to_storable("x" * 400 + ".png") == "x" * (LONGEST_NAME - 4) + ".png"


@pytest.mark.parametrize(
    ("at", "kept"),
    [
        ("2024-03-01T12:00:00Z", True),
        ("2024-03-31T12:00:00Z", True),
        ("2024-03-31T12:00:01Z", False),
    ],
)
def test_a_removed_product_can_be_restored_for_thirty_days(at: str, kept: bool) -> None:
    removed = Product("tea", "Tea", updated_at="2024-03-01T12:00:00Z")
    assert is_restorable(removed, at) is kept
    if kept:
        check_restorable(removed, at)
        return
    with pytest.raises(NotFound, match="product tea was removed more than 30 days ago"):
        check_restorable(removed, at)
