import threading
import time
from pathlib import Path

import pytest
from typing_extensions import override

from catalog.errors import NotFound, VersionNotReached
from catalog.follower import Follower
from catalog.registry import Catalogs
from catalog.storage.folder import FolderStorage
from tests.catalog.support.fakes import (
    MemoryStorage,
    embedding_of,
    new_store,
    picture,
    pixels,
    same_store,
)
from tests.catalog.support.filling import WideEncoder


def test_a_version_that_does_not_come_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    store = new_store(FolderStorage(tmp_path / "data", durable=False))
    with pytest.raises(VersionNotReached, match="at version 1, not yet at 5"):
        store.snapshot(min_version=5, wait_seconds=0.1)
    with Follower(store) as follower, pytest.raises(VersionNotReached):
        follower.catalog(min_version=5, wait_seconds=0.1)


def test_a_version_written_elsewhere_is_seen_when_it_is_required(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "data", durable=False)
    new_store(storage)
    with Follower(same_store(storage), poll_seconds=60.0) as follower:
        change = same_store(storage).add_product("tea", [picture(1)])
        assert "tea" not in follower.catalog().products
        assert "tea" in follower.catalog(min_version=change.index_version).products


class Stuck(MemoryStorage):
    """The same objects; reading an embedding waits until a test lets it go."""

    def __init__(self, shared: MemoryStorage) -> None:
        super().__init__()
        self.objects = shared.objects
        self.go, self.reading = threading.Event(), threading.Event()

    @override
    def get(self, key: str) -> bytes:
        if "/embedding/" in key:
            self.reading.set()
            assert self.go.wait(30)
        return super().get(key)


def test_readers_do_not_wait_for_what_a_newer_snapshot_is_reading(memory: MemoryStorage) -> None:
    writer = new_store(memory)
    writer.add_product("tea", [picture(1)])
    stuck = Stuck(memory)
    stuck.go.set()
    with Follower(same_store(stuck), poll_seconds=0.02) as follower:
        stuck.go.clear()
        stuck.reading.clear()
        writer.add_product("milk", [picture(2)])
        assert stuck.reading.wait(30)
        near = follower.catalog().shortlist(embedding_of(pixels(1)), 2)
        assert [neighbour.product_id for neighbour in near] == ["tea"]
        stuck.go.set()


def test_a_deleted_catalog_answers_nobody(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "data", durable=False)
    store = new_store(storage)
    with Follower(store, poll_seconds=0.02) as follower:
        Catalogs(storage, WideEncoder()).delete("shop")
        deadline = time.monotonic() + 10
        while not follower.health.degraded:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        with pytest.raises(NotFound):
            follower.catalog()
