import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from catalog.errors import AlreadyExists, CatalogError, Conflict, Invalid, NotFound
from catalog.storage.folder import FolderStorage
from catalog.store import CatalogStore
from catalog.transfer.exporter import export_catalog
from catalog.transfer.importer import ImportReport, RowStatus, import_path
from tests.catalog.support.fakes import (
    FakeEncoder,
    MemoryStorage,
    encoded,
    image_id,
    new_store,
    picture,
    pixels,
    same_store,
)


@pytest.fixture
def store(memory: MemoryStorage) -> CatalogStore:
    return new_store(memory)


def fill(root: Path, **products: list[int]) -> Path:
    """One folder per product with pictures of these seeds."""
    for product_id, seeds in products.items():
        for seed in seeds:
            path = root / product_id / f"{seed}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(picture(seed).data)
    return root


def statuses(report: ImportReport) -> dict[str, str]:
    return {row.product_id: row.status.value for row in report.rows}


class TestFolders:
    def test_every_folder_becomes_a_product(self, store: CatalogStore, tmp_path: Path) -> None:
        report = import_path(store, fill(tmp_path / "in", milk=[1, 2], tea=[3]))
        products = store.snapshot().products
        assert list(products) == ["milk", "tea"]
        assert [image.source_name for image in products["milk"].images] == [
            "milk/1.png",
            "milk/2.png",
        ]
        assert statuses(report) == {"milk": "added", "tea": "added"}
        assert report.failures == ()
        assert report.index_version == 3

    def test_the_same_import_twice_changes_nothing(
        self, memory: MemoryStorage, tmp_path: Path
    ) -> None:
        encoder = FakeEncoder()
        store = new_store(memory, encoder)
        root = fill(tmp_path / "in", milk=[1, 2], tea=[3])
        import_path(store, root)
        before = dict(memory.objects)
        report = import_path(store, root)
        assert statuses(report) == {"milk": "unchanged", "tea": "unchanged"}
        assert memory.objects == before
        assert len(encoder.siblings) == 3

    def test_new_pictures_are_added_to_known_products(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        root = fill(tmp_path / "in", milk=[1], tea=[3])
        import_path(store, root)
        (root / "tea" / "3.png").unlink()
        report = import_path(store, fill(root, milk=[2], tea=[3]))
        assert statuses(report) == {"milk": "updated", "tea": "unchanged"}
        assert len(store.product("milk").images) == 2

    def test_other_files_are_ignored_and_reported(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        root = fill(tmp_path / "in", milk=[1])
        (root / "readme.txt").write_text("x")
        (root / ".DS_Store").write_text("x")
        (root / ".git").mkdir()
        (root / "milk" / "notes.txt").write_text("x")
        (root / "milk" / ".thumb.png").write_text("x")
        (root / "milk" / "deeper.png").mkdir()
        report = import_path(store, root)
        assert statuses(report) == {"milk": "added"}
        assert report.failures == ()
        assert len(report.ignored) == 6
        assert all(name in " ".join(report.ignored) for name in ("readme.txt", "milk/notes.txt"))

    @pytest.mark.parametrize("name", ["höfe", "a b", "-x", "x" * 200])
    def test_a_folder_that_cannot_be_a_product_is_refused_and_the_others_are_taken(
        self, store: CatalogStore, tmp_path: Path, name: str
    ) -> None:
        root = fill(tmp_path / "in", **{name: [1], "tea": [2]})
        report = import_path(store, root)
        assert statuses(report) == {name: "refused", "tea": "added"}
        assert len(report.failures) == 1
        assert "cannot be a product id" in report.failures[0]

    def test_a_bad_picture_is_refused_and_the_others_are_taken(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        root = fill(tmp_path / "in", milk=[1, 3], tea=[2])
        (root / "milk" / "2.jpg").write_bytes(b"no picture")
        (root / "milk" / "4.png").write_bytes(b"")
        (root / "tea" / "0.heic").write_bytes(b"\0\0\0\x18ftypheic")
        report = import_path(store, root)
        assert statuses(report) == {"milk": "added", "tea": "added"}
        assert len(store.product("milk").images) == 2
        assert len(report.failures) == 3
        assert {failure.split()[0] for failure in report.failures} == {
            "milk/2.jpg",
            "milk/4.png",
            "tea/0.heic",
        }
        again = import_path(store, root)
        assert statuses(again) == {"milk": "unchanged", "tea": "unchanged"}
        assert again.failures == report.failures

    def test_a_product_without_a_readable_picture_is_refused(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        root = fill(tmp_path / "in", tea=[1])
        (root / "empty").mkdir()
        (root / "bad").mkdir()
        (root / "bad" / "1.png").write_bytes(encoded(Image.new("RGB", (1, 1))))
        report = import_path(store, root)
        assert statuses(report) == {"bad": "refused", "empty": "refused", "tea": "added"}
        assert "no picture" in " ".join(report.failures)

    def test_a_picture_that_cannot_be_opened_is_reported(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        root = fill(tmp_path / "in", tea=[1])
        (root / "tea" / "gone.png").symlink_to(tmp_path / "nowhere.png")
        os.mkfifo(root / "tea" / "pipe.png")
        report = import_path(store, root)
        assert statuses(report) == {"tea": "added"}
        assert len(report.ignored) == 2

    def test_progress_counts_pictures(self, store: CatalogStore, tmp_path: Path) -> None:
        calls: list[tuple[int, int]] = []
        root = fill(tmp_path / "in", milk=[1, 2], tea=[3])
        import_path(store, root, lambda done, total: calls.append((done, total)))
        assert calls == [(2, 3), (3, 3)]

    def test_a_folder_with_nothing_to_import_is_refused(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        (tmp_path / "photo.jpg").write_bytes(picture(1).data)
        with pytest.raises(Invalid, match="one folder per product"):
            import_path(store, tmp_path)

    def test_a_path_that_is_not_there_or_no_manifest_is_refused(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        with pytest.raises(NotFound, match="nothing at"):
            import_path(store, tmp_path / "nope")
        (tmp_path / "x.pdf").write_text("x")
        with pytest.raises(Invalid, match="no manifest"):
            import_path(store, tmp_path / "x.pdf")

    def test_a_catalog_of_other_networks_takes_no_import(
        self, store: CatalogStore, memory: MemoryStorage, tmp_path: Path
    ) -> None:
        assert store.has_encoder
        with pytest.raises(Conflict, match="--switch"):
            import_path(same_store(memory, FakeEncoder("2")), fill(tmp_path, milk=[1]))


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

    def test_a_table_that_is_not_utf8_is_refused(self, store: CatalogStore, tmp_path: Path) -> None:
        path = tmp_path / "list.csv"
        path.write_bytes("product_id,name\nmilk,Öl\n".encode("utf-16"))
        with pytest.raises(Invalid, match="UTF-8"):
            import_path(store, path)

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


class TestExport:
    def test_what_is_exported_is_taken_back_as_it_was(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        store.add_product(
            "milk",
            [picture(1, "front side.png"), picture(2, "../front side.png"), picture(3, "ä.png")],
            name="Hafermilch",
            description="1 l\nkühl",
            attributes={"price": 1.5, "tags": ("a", "b"), "code": "0012"},
        )
        store.add_product("tea", [picture(4)])
        store.remove_product("tea")
        store.add_product("Milk", [picture(1)])
        target = tmp_path / "backup"
        calls: list[tuple[int, int]] = []
        written = export_catalog(store.snapshot(), target, lambda *call: calls.append(call))
        assert written == 4
        assert calls[-1] == (4, 4)
        other = new_store(MemoryStorage())
        report = import_path(other, target)
        assert report.failures == report.ignored == ()
        for product_id in ("milk", "Milk"):
            one, two = store.product(product_id), other.product(product_id)
            assert (one.name, one.description, one.attributes) == (
                two.name,
                two.description,
                two.attributes,
            )
            assert [i.image_id for i in one.images] == [i.image_id for i in two.images]
        again = import_path(other, target)
        assert set(statuses(again).values()) == {"unchanged"}
        assert import_path(store, target).index_version == store.state().sequence
        assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]

    def test_an_empty_catalog_is_exported_and_taken_back(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        assert export_catalog(store.snapshot(), tmp_path / "backup") == 0
        assert import_path(store, tmp_path / "backup").rows == ()

    def test_an_empty_folder_may_be_the_target(self, store: CatalogStore, tmp_path: Path) -> None:
        (tmp_path / "backup").mkdir()
        store.add_product("tea", [picture(1)])
        assert export_catalog(store.snapshot(), tmp_path / "backup") == 1

    @pytest.mark.parametrize("occupy", [Path.mkdir, lambda path: path.write_text("x")])
    def test_nothing_is_overwritten(
        self, store: CatalogStore, tmp_path: Path, occupy: Callable[[Path], object]
    ) -> None:
        target = tmp_path / "backup"
        occupy(target)
        if target.is_dir():
            (target / "mine.txt").write_text("mine")
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(AlreadyExists, match="holds something"):
            export_catalog(store.snapshot(), target)
        assert sorted(tmp_path.rglob("*")) == before

    def test_an_export_that_fails_leaves_nothing(
        self, store: CatalogStore, memory: MemoryStorage, tmp_path: Path
    ) -> None:
        store.add_product("tea", [picture(1)])
        for key in memory.list("shop/images/"):
            del memory.objects[key]
        with pytest.raises(NotFound):
            export_catalog(store.snapshot(), tmp_path / "backup")
        assert not list(tmp_path.iterdir())

    def test_a_target_that_cannot_be_made_is_one_sentence(
        self, store: CatalogStore, tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_text("x")
        with pytest.raises(CatalogError, match="not a folder") as caught:
            export_catalog(store.snapshot(), tmp_path / "file" / "backup")
        assert "Errno" not in str(caught.value)


def test_importing_a_hundred_products_into_a_temporary_folder_works(tmp_path: Path) -> None:
    for number in range(100):
        path = tmp_path / "in" / f"p{number}" / "a.png"
        path.parent.mkdir(parents=True)
        Image.fromarray(pixels(number)).save(path)
    storage = FolderStorage(tmp_path / "data", durable=False)
    report = import_path(new_store(storage), tmp_path / "in")
    assert report.count(RowStatus.ADDED) == 100
    assert len(same_store(storage).snapshot().products) == 100
