from collections.abc import Mapping

import pytest

from catalog.errors import Invalid
from catalog.records.product import AttributeValue, Product
from catalog.search.facets import NumberRange, ValueCount
from catalog.search.filters import parse_conditions
from catalog.search.search import SearchQuery, fuse_rankings, run_search
from catalog.search.spelling import Vocabulary, split_words
from catalog.search.text_index import TextHits, TextIndex
from catalog.search.vector_index import Neighbour
from tests.catalog.support.fakes import FakeEncoder, MemoryStorage, new_store, picture


def product(product_id: str, name: str, description: str = "", **has: AttributeValue) -> Product:
    return Product(product_id, name, description, tuple(has.items()))


def shelf(*products: Product) -> Mapping[str, Product]:
    return {product.product_id: product for product in products}


SHOP = shelf(
    product("oat-milk", "Oat milk", "1 l, unsweetened", brand="Oatly", price=1.99, tags=("vegan",)),
    product("cow-milk", "Whole milk", "from the alps", brand="Alpina", price=1.49),
    product("chocolate", "Chocolate bar", "with milk", brand="Alpina", price=0.99),
    product("creme", "Crème fraîche", brand="Été", price=2.5, tags=("fresh", "vegan-not")),
)


def found(text: str, products: Mapping[str, Product] = SHOP) -> list[str]:
    return list(TextIndex().search(text, products).relevances)


def page(search: SearchQuery) -> list[str]:
    texts = TextIndex().search(search.text, SHOP) if search.text else None
    return [hit.product.product_id for hit in run_search(search, SHOP, 7, texts, None).hits]


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


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (["brand=alpina"], ["chocolate", "cow-milk"]),
        (["brand=alpina", "brand=oatly"], ["chocolate", "cow-milk", "oat-milk"]),
        (["brand=Alpina", "price<1"], ["chocolate"]),
        (["price>=1.49", "price<=1.99"], ["cow-milk", "oat-milk"]),
        (["price>1.99"], ["creme"]),
        (["price=1.990"], ["oat-milk"]),
        (["tags=VEGAN"], ["oat-milk"]),
        (["tags!=vegan"], ["chocolate", "cow-milk", "creme"]),
        (["brand = été"], ["creme"]),
        (["weight=3"], []),
        (["weight<3"], []),
        (["brand<3"], []),
    ],
)
def test_conditions_choose_products(written: list[str], expected: list[str]) -> None:
    assert page(SearchQuery(where=parse_conditions(written))) == expected


@pytest.mark.parametrize("written", ["", "brand", "=x", "price<cheap", "price>nan", "!x"])
def test_a_condition_that_cannot_be_read_is_refused(written: str) -> None:
    with pytest.raises(Invalid):
        parse_conditions([written])


def test_too_many_conditions_are_refused() -> None:
    with pytest.raises(Invalid, match="33 conditions"):
        parse_conditions(["a=1"] * 33)


def test_pages_follow_each_other_and_know_the_total() -> None:
    first = run_search(SearchQuery(limit=3), SHOP, 7, None, None)
    second = run_search(SearchQuery(limit=3, offset=3), SHOP, 7, None, None)
    ids = [hit.product.product_id for hit in (*first.hits, *second.hits)]
    assert ids == sorted(SHOP)
    assert (first.total, second.total, first.index_version) == (4, 4, 7)
    assert run_search(SearchQuery(offset=9), SHOP, 7, None, None).hits == ()


@pytest.mark.parametrize(
    "bad", [{"limit": 0}, {"limit": 1001}, {"offset": -1}, {"facets": ("a",) * 21}]
)
def test_a_page_that_cannot_be_given_is_refused(bad: Mapping[str, object]) -> None:
    with pytest.raises(Invalid):
        SearchQuery(**bad)  # type: ignore[arg-type]


def test_facets_count_over_everything_found_not_over_the_page() -> None:
    query = SearchQuery("milk", facets=("brand", "price", "weight"), limit=1)
    texts = TextIndex().search("milk", SHOP)
    brand, price, weight = run_search(query, SHOP, 7, texts, None).facets
    assert brand.values == (ValueCount("Alpina", 2), ValueCount("Oatly", 1))
    assert price.range == NumberRange(0.99, 1.99)
    assert (weight.values, weight.range) == ((), None)


def test_a_facet_with_very_many_values_names_the_commonest() -> None:
    many = shelf(*(product(f"p{n}", "x", colour=f"c{n}") for n in range(30)))
    (colour,) = run_search(SearchQuery(facets=("colour",)), many, 1, None, None).facets
    assert (len(colour.values), colour.others) == (20, 10)


def test_what_is_high_in_both_lists_comes_first() -> None:
    assert fuse_rankings([{"a": 3, "b": 2, "c": 1}, {"b": 9, "d": 8}])[0] == "b"
    assert set(fuse_rankings([{"a": 2, "b": 1}, {"c": 1}])) == {"a", "b", "c"}


def test_what_is_equally_good_shares_a_place() -> None:
    assert fuse_rankings([{"a": 1, "b": 1}, {"b": 0.9, "a": 0.8}])[0] == "b"


def test_words_and_likeness_are_fused_and_each_hit_says_what_found_it() -> None:
    near = [Neighbour("creme", "i" * 64, 0.9), Neighbour("cow-milk", "j" * 64, 0.8)]
    texts = TextHits({"cow-milk": 3.0, "oat-milk": 2.0})
    hits = run_search(SearchQuery("milk"), SHOP, 7, texts, near).hits
    assert hits[0].product.product_id == "cow-milk"
    by_id = {hit.product.product_id: hit for hit in hits}
    assert (by_id["creme"].relevance, by_id["creme"].similarity) == (None, 0.9)
    assert (by_id["oat-milk"].relevance, by_id["oat-milk"].image_id) == (2.0, None)


def test_a_snapshot_finds_what_was_committed_before_it(memory: MemoryStorage) -> None:
    store = new_store(memory)
    assert store.snapshot().search(SearchQuery("milk")).hits == ()
    store.add_product("oat-milk", [picture(1)], name="Oat milk")
    before = store.snapshot()
    store.remove_product("oat-milk")
    assert [hit.product.name for hit in before.search(SearchQuery("milk")).hits] == ["Oat milk"]
    assert store.snapshot().search(SearchQuery("milk")).total == 0


def test_likeness_is_looked_for_among_the_products_that_meet_the_conditions(
    memory: MemoryStorage,
) -> None:
    store = new_store(memory, FakeEncoder())
    for number in range(12):
        colour = "red" if number == 11 else "blue"
        store.add_product(f"p{number}", [picture(number)], attributes={"colour": colour})
    snapshot = store.snapshot()
    image_id = snapshot.products["p0"].images[0].image_id
    embedding = snapshot.encoding(image_id).embedding
    assert snapshot.near(embedding, 1, parse_conditions([]))[0].product_id == "p0"
    (only,) = snapshot.near(embedding, 1, parse_conditions(["colour=red"]))
    assert only.product_id == "p11"
    assert snapshot.near(embedding, 3, parse_conditions(["colour=green"])) == ()
