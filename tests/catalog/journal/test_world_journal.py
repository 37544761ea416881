"""Journals that lost entries, and storages that lost their disk: nothing is lost in silence."""

import random
import shutil
from pathlib import Path

import pytest
from typing_extensions import override

from catalog.errors import CatalogError, MissingEntry, NotFound, StorageUnavailable
from catalog.follower import Follower
from catalog.reconcile.reconciler import Reconciler
from catalog.registry import Catalogs
from catalog.storage.base import Storage
from catalog.storage.folder import FolderStorage
from catalog.store import CatalogStore
from tests.catalog.support.fakes import (
    FakeEncoder,
    MemoryStorage,
    new_store,
    picture,
    same_store,
)


class MovedBeforeFolders(FolderStorage):
    """Its folder is moved away between the look at its marker and the write."""

    away: Path | None = None

    @override
    def _check_marker(self) -> None:
        super()._check_marker()
        if self.away is not None and self.root.exists():
            self.root.rename(self.away)


def key(sequence: int) -> str:
    return f"shop/journal/{sequence:012d}.json"


def filled(storage: Storage, products: int = 4) -> None:
    """A catalog whose entry n + 1 adds product n."""
    store = new_store(storage)
    for number in range(1, products + 1):
        store.add_product(f"p{number}", [picture(number)])


def test_an_entry_that_is_missing_is_named_and_nothing_is_written_until_it_is_back(
    storage: Storage,
) -> None:
    filled(storage)
    taken = storage.get(key(3))
    storage.delete(key(3))
    before = storage.list("shop/")

    store = same_store(storage)
    assert list(store.snapshot().products) == ["p1"], "what is whole is read"
    assert "entry 3 of catalog shop is missing, though 5 was written" in store.fault
    with pytest.raises(MissingEntry, match=r"entry 3 .* restore shop/journal/000000000003.json"):
        store.add_product("other", [picture(9)])
    with pytest.raises(MissingEntry):
        store.remove_product("p1")
    assert storage.list("shop/") == before

    storage.put(key(3), taken)
    store.add_product("other", [picture(9)])
    assert list(store.snapshot().products) == ["p1", "p2", "p3", "p4", "other"]
    assert store.fault == ""


def test_the_first_entry_is_missing(storage: Storage) -> None:
    filled(storage)
    storage.delete(key(1))
    with pytest.raises(MissingEntry, match="entry 1 "):
        Catalogs(storage, FakeEncoder()).open("shop")
    with pytest.raises(MissingEntry, match="entry 1 "):
        Catalogs(storage, FakeEncoder()).create("shop")


def test_the_last_entry_goes_while_a_process_knows_it(storage: Storage) -> None:
    filled(storage)
    store = same_store(storage)
    store.state()
    storage.delete(key(5))
    with pytest.raises(MissingEntry, match="entry 5 of catalog shop is missing"):
        store.add_product("other", [picture(9)])
    assert storage.list("shop/journal/")[-1] == key(4)


def test_an_entry_goes_before_a_process_has_seen_it(memory: MemoryStorage) -> None:
    store = new_store(memory)
    other = same_store(memory)
    for number in (1, 2):
        other.add_product(f"p{number}", [picture(number)])
    memory.delete(key(2))
    with pytest.raises(MissingEntry, match="entry 2 of catalog shop is missing, though 3"):
        store.add_product("other", [picture(9)])


def test_another_history_in_its_place_is_not_gone_on_with(memory: MemoryStorage) -> None:
    filled(memory)
    store = same_store(memory)
    store.state()
    memory.objects.clear()
    filled(memory)
    with pytest.raises(MissingEntry, match="another history; start skulens anew"):
        store.add_product("other", [picture(9)])


def test_a_journal_that_ends_before_a_checkpoint_is_missing_what_the_checkpoint_knows(
    memory: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.journal.checkpoint._FEWEST_ENTRIES", 2)
    filled(memory, 6)
    assert any("/snapshots/" in name for name in memory.objects)
    for sequence in (4, 5, 6, 7):
        memory.delete(key(sequence))
    store = same_store(memory)
    with pytest.raises(MissingEntry, match="entry 4 of catalog shop is missing"):
        store.add_product("other", [picture(9)])


def test_a_service_says_which_entry_is_missing(memory: MemoryStorage) -> None:
    filled(memory)
    memory.delete(key(3))
    with Follower(same_store(memory), poll_seconds=60.0) as follower:
        assert list(follower.catalog().products) == ["p1"]
        assert follower.health.degraded
        assert "entry 3" in follower.health.reason


def test_a_moved_folder_is_neither_taken_for_empty_nor_written_to(tmp_path: Path) -> None:
    root = tmp_path / "data"
    storage = FolderStorage(root, durable=False)
    filled(storage)
    store = same_store(storage)
    store.state()
    root.rename(tmp_path / "away")

    for use in (
        Catalogs(storage, FakeEncoder()).names,
        lambda: Catalogs(storage, FakeEncoder()).open("shop"),
        lambda: store.add_product("other", [picture(9)]),
        store.state,
        lambda: storage.delete("shop/notes.json"),
    ):
        with pytest.raises(StorageUnavailable, match=r"marker \.storage is gone"):
            use()
    assert not root.exists()

    root.mkdir()  # an empty mount point
    with pytest.raises(StorageUnavailable, match="mount or move the folder back"):
        store.add_product("other", [picture(9)])
    assert not list(root.iterdir())

    root.rmdir()
    (tmp_path / "away").rename(root)
    store.add_product("other", [picture(9)])
    assert len(store.snapshot().products) == 5


def test_another_storage_in_its_place_is_not_taken_for_it(tmp_path: Path) -> None:
    ours, other = (FolderStorage(tmp_path / name, durable=False) for name in ("ours", "other"))
    for storage in (ours, other):
        filled(storage, 1)
    shutil.rmtree(ours.root)
    other.root.rename(ours.root)
    with pytest.raises(StorageUnavailable, match="is not the storage that was used before"):
        same_store(ours).add_product("more", [picture(9)])


def test_a_folder_of_an_earlier_version_gets_its_marker_when_it_is_read(tmp_path: Path) -> None:
    filled(FolderStorage(tmp_path / "data", durable=False), 1)
    (tmp_path / "data" / ".storage").unlink()
    storage = FolderStorage(tmp_path / "data", durable=False)
    same_store(storage).state()
    assert (tmp_path / "data" / ".storage").exists()
    assert not list((tmp_path / "data" / ".partial").iterdir())


def test_a_folder_that_was_never_there_is_an_empty_storage(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "nothing")
    assert storage.folders() == ()
    with pytest.raises(NotFound):
        storage.get("shop/journal/000000000001.json")


def test_a_journal_whose_end_is_gone_is_not_written_to(storage: Storage) -> None:
    filled(storage)
    for sequence in (4, 5):
        storage.delete(key(sequence))
    with pytest.raises(MissingEntry, match="entry 4 of catalog shop is missing, though 5"):
        same_store(storage).add_product("other", [picture(9)])

    storage.delete("shop/head")  # what the sentence says to do when there is no backup
    same_store(storage).add_product("other", [picture(9)])
    assert list(same_store(storage).snapshot().products) == ["p1", "p2", "other"]


def test_a_note_that_cannot_be_understood_says_nothing(memory: MemoryStorage) -> None:
    filled(memory)
    memory.put("shop/head", b"?")
    same_store(memory).add_product("other", [picture(9)])


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_taken_from_a_journal_nothing_acknowledged_is_lost_in_silence(
    memory: MemoryStorage, seed: int
) -> None:
    rng = random.Random(seed)
    filled(memory, 8)
    serving = same_store(memory)
    serving.state()
    for sequence in rng.sample(range(1, 10), rng.randint(1, 4)):
        memory.delete(key(sequence))

    def starting() -> CatalogStore:
        return same_store(memory)

    def running() -> CatalogStore:
        return serving

    for process in (starting, running):
        try:
            store = process()
            store.add_product("more", [picture(99)])
        except MissingEntry:
            continue
        assert {f"p{number}" for number in range(1, 9)} <= set(store.snapshot().products)


def test_two_entries_go_before_a_process_has_seen_them(storage: Storage) -> None:
    serving = new_store(storage)
    other = same_store(storage)
    for number in (1, 2, 3):
        other.add_product(f"p{number}", [picture(number)])
    for sequence in (2, 3, 4):
        storage.delete(key(sequence))
    before = storage.list("shop/")
    with pytest.raises(MissingEntry, match="entry 2 of catalog shop is missing, though 4"):
        serving.add_product("other", [picture(9)])
    assert storage.list("shop/") == before


def test_a_gap_behind_a_damaged_entry_is_noticed_when_that_is_mended(memory: MemoryStorage) -> None:
    filled(memory, 6)
    store = CatalogStore("shop", memory, FakeEncoder())
    whole = memory.get(key(3))
    memory.put(key(3), whole[:-9])
    for sequence in (5, 6):
        memory.delete(key(sequence))
    with pytest.raises(CatalogError, match=r"000000000003.json is damaged .* restore it"):
        store.state()
    memory.put(key(3), whole)
    store.state()
    assert "entry 5 of catalog shop is missing, though 7 was written" in store.fault


def recreated(memory: MemoryStorage) -> Catalogs:
    """A catalog that was deleted (entries 3 and 4) and made anew (5 and 6)."""
    catalogs = Catalogs(memory, FakeEncoder())
    for number in (1, 2):
        if number == 2:
            catalogs.delete("shop")
        catalogs.create("shop").add_product(f"p{number}", [picture(number)])
    return catalogs


@pytest.mark.parametrize("gone", [[4], [4, 5], [5], [5, 6], [1, 2, 3, 4, 5, 6]])
def test_a_catalog_that_was_made_anew_is_neither_hidden_nor_removed_by_a_gap(
    memory: MemoryStorage, gone: list[int]
) -> None:
    catalogs = recreated(memory)
    for sequence in gone:
        memory.delete(key(sequence))
    before = dict(memory.objects)
    assert catalogs.names() == ("shop",)
    for use in (catalogs.open, catalogs.create, catalogs.delete):
        with pytest.raises(MissingEntry, match=f"entry {gone[0]} of catalog shop is missing"):
            use("shop")
    assert memory.objects == before


def test_a_reconcile_brings_nothing_in_line_with_a_journal_that_lost_entries(
    memory: MemoryStorage,
) -> None:
    store = new_store(memory)
    store.add_product("tea", [picture(1)])
    store.remove_product("tea")
    store.restore_product("tea")
    store.add_product("milk", [picture(2)])
    memory.delete(key(4))
    before = dict(memory.objects)
    reconciler = Reconciler(same_store(memory), memory, grace_seconds=0.0)
    for act in (reconciler.sync, reconciler.reconcile):
        with pytest.raises(MissingEntry, match="entry 4 of catalog shop is missing"):
            act()
    assert memory.objects == before


def test_an_earlier_version_behind_a_missing_entry_is_not_called_unknown(
    memory: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.journal.checkpoint._FEWEST_ENTRIES", 2)
    filled(memory, 6)
    memory.delete(key(3))
    store = same_store(memory)
    assert len(store.snapshot().products) == 6, "a snapshot object knows all"
    assert list(store.at(2).products) == ["p1"]
    with pytest.raises(MissingEntry, match="entry 3 of catalog shop is missing, though 7"):
        store.at(4)


@pytest.mark.parametrize(
    "name", ["Thumbs.db", "desktop.ini", "000000000003.json.bak", "99.json", "zz/000000000099.json"]
)
def test_what_programs_leave_beside_the_entries_is_passed_over(storage: Storage, name: str) -> None:
    filled(storage, 1)
    storage.put(f"shop/journal/{name}", b"?")
    assert Catalogs(storage, FakeEncoder()).names() == ("shop",)
    store = same_store(storage)
    store.add_product("other", [picture(9)])
    assert list(store.snapshot().products) == ["p1", "other"]


def test_a_folder_that_goes_in_the_middle_of_a_write_is_not_made_anew(tmp_path: Path) -> None:
    root = tmp_path / "data"
    storage = MovedBeforeFolders(root)
    filled(storage, 1)
    storage.away = tmp_path / "away"
    with pytest.raises(StorageUnavailable):
        storage.put_if_absent("shop/other/1", b"x")
    assert not root.exists()


def test_another_storage_is_not_read_on_from(tmp_path: Path) -> None:
    ours, other = (FolderStorage(tmp_path / name, durable=False) for name in ("ours", "other"))
    filled(ours, 1)
    filled(other, 3)
    store = same_store(ours)
    shutil.rmtree(ours.root)
    other.root.rename(ours.root)
    with pytest.raises(StorageUnavailable, match="is not the storage that was used before"):
        store.state()
    assert list(store.latest().products) == ["p1"]
