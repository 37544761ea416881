from pathlib import Path

import pytest

from tests.api.shop import Shop
from tests.catalog.support.fakes import picture


@pytest.fixture
def shop(tmp_path: Path, shop: Shop) -> Shop:
    shop.run_ok("catalog", "create", "drinks")
    for seed, (product_id, name, price) in enumerate(
        (("oat-milk", "Oat milk", "1.99"), ("cow-milk", "Cow milk", "1.49"), ("tea", "Tea", "3"))
    ):
        file = tmp_path / f"{seed}.png"
        file.write_bytes(picture(seed).data)
        shop.run_ok(
            "product", "add", "drinks", product_id, file, "--name", name,
            "--attribute", f"price={price}",
        )  # fmt: skip
    return shop


def ids(shop: Shop, *arguments: object) -> list[str]:
    (answer,) = shop.run_ok("search", "drinks", *arguments, "--json").lines
    return [hit["product"]["product_id"] for hit in answer["hits"]]


def test_products_are_found_by_words(shop: Shop) -> None:
    assert set(ids(shop, "--text", "milk")) == {"oat-milk", "cow-milk"}


def test_products_are_found_by_a_picture(shop: Shop, tmp_path: Path) -> None:
    assert ids(shop, "--image", tmp_path / "2.png", "--limit", 1) == ["tea"]


def test_words_and_picture_together_put_first_what_both_find(shop: Shop, tmp_path: Path) -> None:
    assert ids(shop, "--image", tmp_path / "1.png", "--text", "milk")[0] == "cow-milk"


def test_without_words_all_products_that_meet_the_conditions_are_listed(shop: Shop) -> None:
    assert ids(shop) == ["cow-milk", "oat-milk", "tea"]
    assert ids(shop, "--where", "price<=1.99") == ["cow-milk", "oat-milk"]
    assert ids(shop, "--offset", 1, "--limit", 1) == ["oat-milk"]


def test_a_page_says_version_total_facets_and_corrections(shop: Shop) -> None:
    (answer,) = shop.run_ok(
        "search", "drinks", "--text", "mlik", "--facet", "price", "--limit", 1, "--json"
    ).lines
    assert answer["total"] == 2
    assert answer["index_version"] == 4
    assert answer["corrections"] == {"mlik": "milk"}
    assert answer["facets"][0]["range"] == [1.49, 1.99]
    assert answer["hits"][0]["similarity"] is None


def test_people_read_a_table_facets_and_how_it_was_understood(shop: Shop) -> None:
    result = shop.run_ok("search", "drinks", "--text", "mlik", "--facet", "price", "--limit", 1)
    assert "milk" in result.out
    assert "price: 1.49 to 1.99" in result.out
    assert "mlik was read as milk" in result.err
    assert "1 to 1 of 2" in result.err


def test_nothing_found_is_one_line(shop: Shop) -> None:
    assert "nothing was found" in shop.run_ok("search", "drinks", "--text", "zzzzzz").out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("drinks", "--where", "price"), "no condition"),
        (("drinks", "--where", "price<cheap"), "give a number"),
        (("drinks", "--image", "missing.jpg"), "missing.jpg"),
        (("nothing",), "no catalog nothing"),
    ],
)
def test_what_cannot_be_searched_is_refused_in_one_sentence(
    shop: Shop, arguments: tuple[str, ...], reason: str
) -> None:
    result = shop.run("search", *arguments)
    assert result.code == 1
    assert reason in result.sentence
