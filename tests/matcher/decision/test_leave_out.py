import pytest

from matcher.decision.leave_out import ReducedCatalog
from tests.matcher.prints import MemoryCatalog, printed, root_sift, shop_of_twelve

NOTHING = frozenset[str]()


@pytest.fixture(scope="module")
def shop() -> MemoryCatalog:
    return shop_of_twelve()


def test_without_all_pictures_a_product_is_gone_and_without_one_it_stays() -> None:
    catalog = MemoryCatalog({"tea": [printed(1), printed(2)], "milk": [printed(3)]})
    reduced = ReducedCatalog(catalog, frozenset({"tea-1", "milk-0"}), {})
    assert list(reduced.products) == ["tea"]
    assert [image.image_id for image in reduced.products["tea"].images] == ["tea-0"]
    embedding = catalog.encoding("tea-1").embedding
    (near,) = reduced.shortlist(embedding, 5)
    expected = float(catalog.encoding("tea-0").embedding @ embedding)
    assert near.similarity == pytest.approx(expected)
    assert catalog.shortlist(embedding, 5)[0].similarity == pytest.approx(1)
    assert (reduced.name, reduced.index_version) == (catalog.name, catalog.index_version)


def test_pictures_that_are_left_out_get_no_votes() -> None:
    catalog = MemoryCatalog({"tea": [printed(1)], "milk": [printed(3)], "rye": [printed(5)]})
    query = root_sift().extract(printed(1), 300).descriptors
    whole = catalog.votes(query, 1)
    assert whole is not None
    assert [vote.product_id for vote in whole] == ["tea"]
    reduced = ReducedCatalog(catalog, frozenset({"tea-0"}), {})
    votes = reduced.votes(query, 5)
    assert votes is not None
    assert "tea" not in [vote.product_id for vote in votes]


def test_as_many_products_are_shortlisted_as_before(shop: MemoryCatalog) -> None:
    embedding = shop.encoding("p3-0").embedding
    reduced = ReducedCatalog(shop, frozenset({"p3-0"}), {})
    near = reduced.shortlist(embedding, 5)
    assert len(near) == 5
    assert "p3" not in [hit.product_id for hit in near]
    assert len(ReducedCatalog(shop, NOTHING, {}).shortlist(embedding, 99)) == 12
