from catalog.search.facets import NumberRange, ValueCount
from catalog.search.search import SearchQuery, run_search
from catalog.search.text_index import TextIndex
from tests.catalog.support.products import SHOP, product, shelf


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
