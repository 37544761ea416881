import pytest
from typing_extensions import override

from catalog.encodings.encoding import Encoder, PartIds
from catalog.errors import AlreadyExists, CatalogError, Invalid, NotFound, StorageUnavailable
from catalog.registry import Catalogs
from catalog.storage.base import Storage
from tests.catalog.support.fakes import FakeEncoder, MemoryStorage, picture, same_store


def catalogs(storage: Storage, encoder: Encoder | None = None) -> Catalogs:
    return Catalogs(storage, encoder or FakeEncoder())


def test_names_are_those_that_were_created(storage: Storage) -> None:
    assert catalogs(storage).names() == ()
    for name in ("shop", "bar"):
        catalogs(storage).create(name)
    assert catalogs(storage).names() == ("bar", "shop")


def test_a_folder_that_is_no_catalog_is_none(storage: Storage) -> None:
    storage.put("notes/readme.txt", b"hello")
    assert catalogs(storage).names() == ()
    with pytest.raises(NotFound):
        catalogs(storage).open("notes")


def test_a_catalog_that_exists_is_not_created_again(storage: Storage) -> None:
    catalogs(storage).create("shop").add_product("a", [picture(1)])
    with pytest.raises(AlreadyExists, match="catalog shop"):
        catalogs(storage).create("shop")
    assert list(same_store(storage).snapshot().products) == ["a"]


def test_a_catalog_that_does_not_exist_is_not_found(storage: Storage) -> None:
    for use in (catalogs(storage).open, catalogs(storage).delete):
        with pytest.raises(NotFound, match="no catalog shop"):
            use("shop")
    assert catalogs(storage).names() == ()


@pytest.mark.parametrize("name", ["", "..", "a/b", "x" * 300, "ü", "/etc", ".git"])
def test_a_bad_name_is_refused(memory: MemoryStorage, name: str) -> None:
    for use in (catalogs(memory).create, catalogs(memory).open, catalogs(memory).delete):
        with pytest.raises(Invalid, match="catalog id"):
            use(name)
    assert not memory.objects


def test_part_ids_that_could_not_be_folders_are_refused(memory: MemoryStorage) -> None:
    encoder = FakeEncoder()
    encoder.part_ids = PartIds("crop/1", "embedding", "local")
    with pytest.raises(Invalid, match="part id"):
        catalogs(memory, encoder).create("shop")
    assert not memory.objects


def test_a_deleted_catalog_is_gone_with_its_pictures(storage: Storage) -> None:
    store = catalogs(storage).create("shop")
    store.add_product("a", [picture(1)])
    catalogs(storage).create("bar").add_product("a", [picture(1)])
    catalogs(storage).delete("shop")
    assert catalogs(storage).names() == ("bar",)
    assert all(key.startswith(("shop/journal/", "shop/head")) for key in storage.list("shop/"))
    with pytest.raises(NotFound):
        catalogs(storage).open("shop")
    with pytest.raises(NotFound):
        store.snapshot()
    assert list(catalogs(storage).open("bar").snapshot().products) == ["a"]


def test_a_deleted_name_may_be_used_again_and_its_versions_go_on(storage: Storage) -> None:
    old = catalogs(storage).create("shop")
    old.add_product("a", [picture(1)])
    version = old.snapshot().index_version
    catalogs(storage).delete("shop")
    new = catalogs(storage).create("shop")
    assert dict(new.snapshot().products) == {}
    assert new.snapshot().index_version > version
    new.add_product("a", [picture(1)])
    assert list(old.snapshot().products) == ["a"]


@pytest.mark.parametrize("again", ["delete", "create"])
def test_a_deletion_that_was_interrupted_is_finished_later(
    memory: MemoryStorage, again: str
) -> None:
    catalogs(memory).create("shop").add_product("a", [picture(1)])
    memory.refuses_after = 3
    with pytest.raises(StorageUnavailable):
        catalogs(memory).delete("shop")
    memory.refuses_after = None
    assert catalogs(memory).names() == ()
    with pytest.raises(NotFound):
        catalogs(memory).open("shop")
    getattr(catalogs(memory), again)("shop")
    assert not memory.list("shop/images/")
    assert not memory.list("shop/features/")


def test_a_late_deleter_leaves_a_new_catalog_alone(memory: MemoryStorage) -> None:
    catalogs(memory).create("shop").add_product("a", [picture(1)])

    class Slow(MemoryStorage):
        """Before its first deletion, somebody else deletes too and uses the name again."""

        @override
        def delete(self, key: str) -> None:
            if not deleted:
                deleted.append(key)
                catalogs(memory).delete("shop")
                catalogs(memory).create("shop").add_product("a", [picture(1)])
            super().delete(key)

    deleted: list[str] = []
    slow = Slow()
    slow.objects = memory.objects
    catalogs(slow).delete("shop")
    snapshot = same_store(memory).snapshot()
    snapshot.encoding(snapshot.products["a"].images[0].image_id)
    assert snapshot.picture(snapshot.products["a"].images[0].image_id) == picture(1).data


def test_a_damaged_catalog_is_listed_and_opening_it_says_so(memory: MemoryStorage) -> None:
    catalogs(memory).create("shop")
    memory.objects["shop/journal/000000000001.json"] = b"{"
    assert catalogs(memory).names() == ("shop",)
    with pytest.raises(CatalogError, match="damaged"):
        catalogs(memory).open("shop")


class SleepingEncoder(FakeEncoder):
    """Must not be asked for anything, as asking loads its networks."""

    def __init__(self) -> None:
        pass

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"asked for {name}")


def test_looking_at_catalogs_loads_no_network(memory: MemoryStorage) -> None:
    catalogs(memory).create("shop").add_product("a", [picture(1)])
    sleeping = catalogs(memory, SleepingEncoder())
    assert sleeping.names() == ("shop",)
    store = sleeping.open("shop")
    assert store.product("a").name == "a"
    assert store.update_product("a", name="b").product.name == "b"
    assert store.remove_product("a").product.name == "b"
    assert dict(store.snapshot().products) == {}
    sleeping.delete("shop")
