from collections.abc import Mapping

import pytest

from catalog.errors import Invalid
from catalog.search.filters import parse_conditions
from catalog.search.search import SearchQuery, fuse_rankings, run_search
from catalog.search.text_index import TextHits
from catalog.search.vector_index import Neighbour
from tests.catalog.support.fakes import FakeEncoder, MemoryStorage, new_store, picture
from tests.catalog.support.products import SHOP


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
