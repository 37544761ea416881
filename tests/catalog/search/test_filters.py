import pytest

from catalog.errors import Invalid
from catalog.search.filters import parse_conditions
from catalog.search.search import SearchQuery
from tests.catalog.support.products import page


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
