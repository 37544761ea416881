import json
from pathlib import Path

import pytest

from catalog.errors import Invalid
from catalog.store import CatalogStore
from catalog.transfer.importer import RowStatus, import_path
from tests.catalog.support.fakes import (
    image_id,
    picture,
)
from tests.catalog.support.importing import fill, statuses


def manifest(tmp_path: Path, text: str, name: str = "list.csv") -> Path:
    fill(tmp_path, pics=[1, 2, 3])
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


class TestTables:
    def test_a_row_becomes_a_product_with_attributes(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        path = manifest(
            tmp_path,
            "product_id,name,description,images,brand,price:number,tags:list,code\n"
            'milk,"Milk, oat",1 l,pics/1.png;pics/2.png,Ö,1.99,vegan;drink,0012\n'
            "tea,,,pics\\3.png,,,,\n",
        )
        report = import_path(store, path)
        assert statuses(report) == {"milk": "added", "tea": "added"}
        milk = store.product("milk")
        assert (milk.name, milk.description) == ("Milk, oat", "1 l")
        assert dict(milk.attributes) == {
            "brand": "Ö",
            "price": 1.99,
            "tags": ("vegan", "drink"),
            "code": "0012",
        }
        assert [image.image_id for image in milk.images] == [
            image_id(picture(1)),
            image_id(picture(2)),
        ]
        assert store.product("tea").name == "tea"
        assert store.product("tea").attributes == ()

    @pytest.mark.parametrize(
        "text",
        [
            "\ufeffproduct_id;images\r\nmilk;pics/1.png\r\n",
            "product_id\timages\nmilk\tpics/1.png\n",
            '"product_id","images"\n"milk","pics/1.png"\n',
            "product_id , images \n milk , pics/1.png \n",
        ],
    )
    def test_tables_of_other_programs_are_read(
        self, store: CatalogStore, tmp_path: Path, text: str
    ) -> None:
        assert statuses(import_path(store, manifest(tmp_path, text))) == {"milk": "added"}
        assert len(store.product("milk").images) == 1

    def test_the_same_table_twice_changes_nothing_and_a_changed_one_updates(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        text = "product_id,name,images,price:number\nmilk,Milk,pics/1.png,2\n"
        path = manifest(tmp_path, text)
        first = import_path(store, path)
        assert import_path(store, path).index_version == first.index_version
        path.write_text(text.replace(",2\n", ",3\n"))
        assert statuses(import_path(store, path)) == {"milk": "updated"}
        assert dict(store.product("milk").attributes) == {"price": 3.0}

    def test_columns_that_are_left_out_leave_a_product_as_it_is(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        store.add_product("milk", [picture(1)], name="Milk", attributes={"x": "1"})
        report = import_path(store, manifest(tmp_path, "product_id,description\nmilk,new\n"))
        assert statuses(report) == {"milk": "updated"}
        milk = store.product("milk")
        assert (milk.name, milk.description, milk.attributes) == ("Milk", "new", (("x", "1"),))

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("a/b,pics/1.png,", "row 2 of list.csv: 'a/b' cannot be"),
            (",pics/1.png,", "cannot be a product id"),
            ("milk,../secret.png,", "below the manifest's folder"),
            ("milk,/etc/hostname,", "below the manifest's folder"),
            ("milk,C:\\x.png,", "below the manifest's folder"),
            ("milk,,", "no picture that can be read"),
            ("milk,pics/none.png,", "there is no file"),
            ("milk,pics,", "there is no file"),
            ("milk,pics/1.png,cheap", "'cheap' in column price:number is no number"),
            ("milk,pics/1.png,nan", "finite"),
            ("milk,pics/1.png,1,extra", "more cells"),
        ],
    )
    def test_a_bad_row_is_refused_with_its_reason_and_the_others_are_taken(
        self, store: CatalogStore, tmp_path: Path, row: str, reason: str
    ) -> None:
        text = f"product_id,images,price:number\n{row}\ntea,pics/2.png,1\n"
        report = import_path(store, manifest(tmp_path, text))
        assert [r.status for r in report.rows] == [RowStatus.REFUSED, RowStatus.ADDED]
        assert reason in " ".join(report.failures)
        assert list(store.snapshot().products) == ["tea"]

    def test_a_product_that_is_listed_twice_is_refused_the_second_time(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        text = "product_id,images\nmilk,pics/1.png\nmilk,pics/2.png\n"
        report = import_path(store, manifest(tmp_path, text))
        assert [row.status.value for row in report.rows] == ["added", "refused"]
        assert report.failures == (
            "row 3 of list.csv: product milk is in row 2 of list.csv already",
        )

    @pytest.mark.parametrize(
        "text", ["", "name,images\nx,y\n", "\n\n", 'product_id,images\n"milk,pics/1.png\n']
    )
    def test_a_broken_table_is_refused_as_a_whole(
        self, store: CatalogStore, tmp_path: Path, text: str
    ) -> None:
        with pytest.raises(Invalid, match=r"list\.csv"):
            import_path(store, manifest(tmp_path, text))
        assert store.state().sequence == 1

    def test_a_row_that_breaks_a_rule_changes_nothing_of_a_known_product(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        before = store.add_product("milk", [picture(1)]).product
        text = f"product_id,images,x\nmilk,pics/2.png,{'y' * 3000}\n"
        assert statuses(import_path(store, manifest(tmp_path, text))) == {"milk": "refused"}
        assert store.product("milk") == before


class TestLines:
    def test_a_line_becomes_a_product(self, store: CatalogStore, tmp_path: Path) -> None:
        line = {
            "product_id": "milk",
            "name": "Milk",
            "images": ["pics/1.png", "pics/2.png"],
            "attributes": {"price": 2, "tags": ["a"]},
            "brand": "B",
            "organic": True,
            "note": None,
        }
        path = manifest(tmp_path, json.dumps(line) + "\n\n", "list.jsonl")
        assert statuses(import_path(store, path)) == {"milk": "added"}
        assert dict(store.product("milk").attributes) == {
            "price": 2.0,
            "tags": ("a",),
            "brand": "B",
            "organic": "true",
        }

    @pytest.mark.parametrize(
        "line",
        [
            "{",
            "[]",
            "7",
            '{"product_id": 7}',
            '{"product_id": "milk", "images": 3}',
            '{"product_id": "milk", "images": ["../x.png"]}',
            '{"product_id": "milk", "images": "pics/1.png", "x": {"y": 1}}',
            '{"product_id": "milk", "images": "pics/1.png", "attributes": []  , "name": 3}',
            "[" * 100_000,
        ],
    )
    def test_a_bad_line_is_refused_and_the_others_are_taken(
        self, store: CatalogStore, tmp_path: Path, line: str
    ) -> None:
        good = '{"product_id": "tea", "images": "pics/2.png"}'
        report = import_path(store, manifest(tmp_path, f"{line}\n{good}\n", "list.jsonl"))
        assert [row.status.value for row in report.rows] == ["refused", "added"]
        assert report.failures[0].startswith("line 1 of list.jsonl")
        assert "\n" not in report.failures[0]
