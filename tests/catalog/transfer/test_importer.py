import os
from pathlib import Path

import pytest
from PIL import Image

from catalog.errors import Conflict, Invalid, NotFound
from catalog.storage.folder import FolderStorage
from catalog.store import CatalogStore
from catalog.transfer.importer import RowStatus, import_path
from tests.catalog.support.fakes import (
    FakeEncoder,
    MemoryStorage,
    encoded,
    new_store,
    picture,
    pixels,
    same_store,
)
from tests.catalog.support.importing import fill, statuses


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


def test_importing_a_hundred_products_into_a_temporary_folder_works(tmp_path: Path) -> None:
    for number in range(100):
        path = tmp_path / "in" / f"p{number}" / "a.png"
        path.parent.mkdir(parents=True)
        Image.fromarray(pixels(number)).save(path)
    storage = FolderStorage(tmp_path / "data", durable=False)
    report = import_path(new_store(storage), tmp_path / "in")
    assert report.count(RowStatus.ADDED) == 100
    assert len(same_store(storage).snapshot().products) == 100
