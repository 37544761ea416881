from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.errors import AlreadyExists, CatalogError, NotFound
from catalog.store import CatalogStore
from catalog.transfer.exporter import export_catalog
from catalog.transfer.importer import import_path
from tests.catalog.support.fakes import (
    MemoryStorage,
    new_store,
    picture,
)
from tests.catalog.support.importing import statuses


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
