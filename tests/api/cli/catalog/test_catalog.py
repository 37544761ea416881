"""`catalog …` and `product …`."""

import json
from pathlib import Path

import pytest

from tests.api.shop import Shop


def test_a_new_catalog_is_empty_and_listed(empty_shop: Shop) -> None:
    empty_shop.run_ok("catalog", "create", "shop")
    (line,) = empty_shop.run_ok("catalog", "list", "--json").lines
    assert line == {"catalog": "shop", "index_version": 1, "products": 0, "images": 0}


def test_without_a_catalog_the_list_says_so(empty_shop: Shop) -> None:
    assert "no catalog" in empty_shop.run_ok("catalog", "list").out
    assert empty_shop.run_ok("catalog", "list", "--json").out == ""


def test_a_catalog_is_shown_with_its_counts_and_networks(shop: Shop) -> None:
    (line,) = shop.run_ok("catalog", "show", "shop", "--json").lines
    assert (line["products"], line["images"], line["index_version"]) == (2, 2, 3)
    assert line["part_ids"] == {"crop": "crop-1", "embedding": "embedding-1", "local": "local-1"}
    assert "products" in shop.run_ok("catalog", "show", "shop").out


@pytest.mark.parametrize("name", ["shop", "a/b", "..", "ü", "x" * 300, ""])
def test_a_catalog_that_cannot_be_made_is_refused_in_one_sentence(shop: Shop, name: str) -> None:
    result = shop.run("catalog", "create", name)
    assert result.code == 1
    assert result.sentence
    assert shop.products() == ["milk", "tea"]


@pytest.mark.parametrize(
    "command",
    [
        ("catalog", "show"),
        ("catalog", "delete", "--yes"),
        ("catalog", "export"),
        ("product", "list"),
    ],
)
def test_a_catalog_that_is_missing_is_refused_in_one_sentence(
    shop: Shop, command: tuple[str, ...]
) -> None:
    arguments = ["elsewhere"] if "export" in command else []
    result = shop.run(*command[:2], "shopp", *arguments, *command[2:])
    assert result.code == 1
    assert "shopp" in result.sentence


def test_a_catalog_is_deleted_only_when_somebody_says_yes(shop: Shop) -> None:
    result = shop.run("catalog", "delete", "shop")
    assert result.code == 1
    assert "--yes" in result.sentence
    assert shop.products() == ["milk", "tea"]
    shop.run_ok("catalog", "delete", "shop", "--yes")
    assert shop.run_ok("catalog", "list", "--json").lines == []


@pytest.mark.parametrize(("answer", "is_left"), [("no", True), ("yes", False)])
def test_at_a_terminal_deleting_asks(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, answer: str, is_left: bool
) -> None:
    monkeypatch.setattr("api.cli.catalog.catalog.is_somebody_there", lambda: True)
    monkeypatch.setattr("typer.confirm", lambda *_, **__: answer == "yes")
    result = shop.run("catalog", "delete", "shop")
    assert result.code == (1 if is_left else 0)
    assert bool(shop.run_ok("catalog", "list", "--json").lines) == is_left


def pictures(shop: Shop) -> Path:
    folder = shop.folder / "pictures"
    for name in ("tea", "milk", "rice"):
        (folder / name).mkdir(parents=True)
        data = (shop.folder / f"{name}.png").read_bytes()
        (folder / name / "front.png").write_bytes(data)
    return folder


def test_an_import_creates_the_catalog_and_is_harmless_twice(empty_shop: Shop) -> None:
    folder = pictures(empty_shop)
    first = empty_shop.run_ok("catalog", "import", "new", folder, "--json")
    assert [row["status"] for row in first.lines] == ["added"] * 3
    assert list(first.lines[0]) == [
        "where",
        "product_id",
        "status",
        "problems",
        "notes",
        "findings",
    ]
    again = empty_shop.run_ok("catalog", "import", "new", folder, "--json")
    assert [row["status"] for row in again.lines] == ["unchanged"] * 3
    assert "3 unchanged" in empty_shop.run_ok("catalog", "import", "new", folder).out


def test_what_cannot_be_imported_is_named_and_the_rest_is_taken_in(empty_shop: Shop) -> None:
    folder = pictures(empty_shop)
    (folder / "milk" / "front.png").write_bytes(b"")
    result = empty_shop.run("catalog", "import", "new", folder)
    assert result.code == 1
    assert "front.png" in result.err
    assert "2 added, 1 refused" in result.out
    assert empty_shop.products("new") == ["rice", "tea"]


@pytest.mark.parametrize("path", ["missing", "tea.png"])
def test_an_import_of_nothing_is_refused_and_leaves_no_catalog(empty_shop: Shop, path: str) -> None:
    result = empty_shop.run("catalog", "import", "new", path)
    assert result.code == 1
    assert path in result.sentence
    assert empty_shop.run_ok("catalog", "list", "--json").lines == []


def test_an_export_can_be_imported_again(shop: Shop) -> None:
    shop.run_ok("catalog", "export", "shop", "backup")
    shop.run_ok("catalog", "import", "copy", "backup")
    old = shop.run_ok("product", "list", "shop", "--json").lines
    new = shop.run_ok("product", "list", "copy", "--json").lines
    for product in (*old, *new):
        for key in ("created_at", "updated_at", "revision"):
            del product[key]
        for image in product["images"]:
            del image["added_at"], image["source_name"]
    assert new == old


def test_an_export_into_a_folder_that_holds_something_is_refused(shop: Shop) -> None:
    (shop.folder / "full").mkdir()
    (shop.folder / "full" / "precious").write_text("x")
    result = shop.run("catalog", "export", "shop", "full")
    assert result.code == 1
    assert "full" in result.sentence


def test_a_product_is_added_shown_removed_and_restored(shop: Shop) -> None:
    result = shop.run_ok(
        "product", "add", "shop", "rice", "rice.png", "--name", "Rice", "--description", "white",
        "--attribute", "price=1.99", "--attribute", "tag=dry", "--attribute", "tag=white", "--json",
    )  # fmt: skip
    (change,) = result.lines
    assert (change["catalog"], change["index_version"]) == ("shop", 4)
    (product,) = shop.run_ok("product", "show", "shop", "rice", "--json").lines
    assert product == change["product"]
    assert (product["name"], product["description"]) == ("Rice", "white")
    assert product["attributes"] == {"price": 1.99, "tag": ["dry", "white"]}
    assert [image["source_name"] for image in product["images"]] == ["rice.png"]
    shop.run_ok("product", "remove", "shop", "rice")
    assert shop.products() == ["milk", "tea"]
    shop.run_ok("product", "restore", "shop", "rice")
    (again,) = shop.run_ok("product", "show", "shop", "rice", "--json").lines
    assert again["images"] == product["images"]
    assert "Rice" in shop.run_ok("product", "show", "shop", "rice").out


def test_more_pictures_are_added_to_a_product_that_is_there(shop: Shop) -> None:
    shop.run_ok("product", "add", "shop", "tea", "rice.png", "--to-existing")
    (product,) = shop.run_ok("product", "show", "shop", "tea", "--json").lines
    assert len(product["images"]) == 2
    assert product["name"] == "Green tea"


def test_more_pictures_and_a_new_name_at_once_are_wrong_usage(shop: Shop) -> None:
    result = shop.run("product", "add", "shop", "tea", "rice.png", "--to-existing", "--name", "x")
    assert result.code == 2


def test_the_same_picture_again_is_noted_and_not_added(shop: Shop) -> None:
    result = shop.run_ok("product", "add", "shop", "tea", "tea.png", "--to-existing")
    assert "tea.png" in result.err
    (product,) = shop.run_ok("product", "show", "shop", "tea", "--json").lines
    assert len(product["images"]) == 1


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("add", "shop", "tea", "rice.png"), "tea"),
        (("add", "shop", "rice", "missing.png"), "missing.png"),
        (("add", "shop", "rice", "."), "folder"),
        (("add", "shop", "a/b", "rice.png"), "a/b"),
        (("add", "shop", "..", "rice.png"), ".."),
        (("add", "shop", "reis-ü", "rice.png"), "reis"),
        (("add", "shop", "x" * 300, "rice.png"), "xxx"),
        (("add", "shop", "", "rice.png"), "product"),
        (("add", "shopp", "rice", "rice.png"), "shopp"),
        (("add", "shop", "rice", "rice.png", "--to-existing"), "rice"),
        (("show", "shop", "rice"), "rice"),
        (("remove", "shop", "rice"), "rice"),
        (("restore", "shop", "rice"), "rice"),
        (("restore", "shop", "tea"), "tea"),
    ],
)
def test_what_cannot_be_done_with_a_product_is_refused_in_one_sentence(
    shop: Shop, arguments: tuple[str, ...], word: str
) -> None:
    result = shop.run("product", *arguments)
    assert result.code == 1
    assert word in result.sentence
    assert shop.products() == ["milk", "tea"]


@pytest.mark.parametrize("pair", ["price", "=1"])
def test_an_attribute_without_name_or_value_is_wrong_usage(shop: Shop, pair: str) -> None:
    result = shop.run("product", "add", "shop", "rice", "rice.png", "--attribute", pair)
    assert result.code == 2
    assert shop.products() == ["milk", "tea"]


def test_an_empty_product_list_says_so(empty_shop: Shop) -> None:
    empty_shop.run_ok("catalog", "create", "shop")
    assert "no products" in empty_shop.run_ok("product", "list", "shop").out


def test_every_json_line_is_plain_ascii(shop: Shop) -> None:
    shop.run_ok("product", "add", "shop", "rice", "rice.png", "--name", "Reis für Müller")
    out = shop.run_ok("product", "list", "shop", "--json").out
    assert out.isascii()
    assert json.loads(out.splitlines()[1])["name"] == "Reis für Müller"
