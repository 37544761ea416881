"""Catalogs in use are opened once, followed once, and forgotten when they are deleted."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from api.open_catalogs import CatalogRegistry
from catalog.errors import Conflict, NotFound
from catalog.registry import Catalogs
from catalog.storage.folder import FolderStorage
from matcher.live import SessionManager
from stream.frame import Frame
from tests.api.shop import ColourFinder
from tests.catalog.support.fakes import FakeEncoder, picture
from tests.matcher.live.sources import HandSource, wait_until


@pytest.fixture
def catalogs(tmp_path: Path) -> Catalogs:
    made = Catalogs(FolderStorage(tmp_path / "data", durable=False), FakeEncoder())
    made.create("shop").add_product("tea", [picture(1)])
    return made


@pytest.fixture
def registry(catalogs: Catalogs) -> Iterator[CatalogRegistry]:
    opened = CatalogRegistry(catalogs)
    yield opened
    opened.close()


def followers(name: str = "shop") -> int:
    return [thread.name for thread in threading.enumerate()].count(f"follow-{name}")


def test_whoever_asks_for_a_catalog_shares_one_store_and_one_follower(
    registry: CatalogRegistry,
) -> None:
    before = followers()
    registry.snapshot("shop")
    registry.follow("shop")()
    registry.follow("shop")()
    assert registry.store("shop") is registry.store("shop")
    assert followers() == before + 1
    assert list(registry.health()) == ["shop"]


def test_a_reader_sees_at_once_what_was_written_here(registry: CatalogRegistry) -> None:
    newest = registry.follow("shop")
    change = registry.store("shop").add_product("milk", [picture(2)])
    assert newest().index_version == change.index_version
    assert registry.snapshot("shop", change.index_version) is newest()


def test_a_version_that_was_never_written_is_not_waited_for(registry: CatalogRegistry) -> None:
    with pytest.raises(Conflict, match="there is no 99 yet"):
        registry.snapshot("shop", 99)


def test_a_deleted_catalog_is_forgotten(registry: CatalogRegistry) -> None:
    before, newest = followers(), registry.follow("shop")
    assert followers() == before + 1
    registry.delete("shop")
    assert followers() == before
    assert registry.health() == {}
    assert registry.index_health() == {}
    for ask in (newest, lambda: registry.follow("shop"), lambda: registry.snapshot("shop")):
        with pytest.raises(NotFound, match="there is no catalog shop"):
            ask()


def test_a_new_catalog_of_an_old_name_is_another_one(registry: CatalogRegistry) -> None:
    old = registry.follow("shop")
    registry.delete("shop")
    registry.create("shop").add_product("milk", [picture(2)])
    assert list(registry.follow("shop")().products) == ["milk"]
    with pytest.raises(NotFound):
        old()


def test_a_catalog_that_another_process_deleted_is_forgotten(
    registry: CatalogRegistry, catalogs: Catalogs
) -> None:
    newest = registry.follow("shop")
    catalogs.delete("shop")
    wait_until(lambda: registry.health()["shop"].degraded)
    with pytest.raises(NotFound):
        newest()
    with pytest.raises(NotFound):
        registry.follow("shop")
    assert registry.health() == {}


def test_a_closed_registry_follows_nothing(catalogs: Catalogs) -> None:
    before, registry = followers(), CatalogRegistry(catalogs)
    registry.follow("shop")
    registry.close()
    assert followers() == before


def test_a_deleted_catalog_leaves_live_sessions_and_others_go_on(
    registry: CatalogRegistry,
) -> None:
    registry.create("other").add_product("tea", [picture(1)])
    manager = SessionManager(ColourFinder())
    deleted, lasting = HandSource(), HandSource()
    first = manager.start(deleted, registry.follow("shop"))
    second = manager.start(lasting, registry.follow("other"))
    number = 0

    def put(source: HandSource) -> None:
        nonlocal number
        image = np.zeros((48, 64, 3), np.uint8)
        source.put(Frame("hand", number, number / 10, 0.0, image))
        number += 1
        time.sleep(0.01)

    def ends() -> bool:
        put(deleted)
        return manager.get(first).state.is_final

    put(deleted)
    wait_until(lambda: manager.get(first).counters.processed == 1)
    registry.delete("shop")
    wait_until(ends, 30)
    assert manager.get(first).reason == "The catalog shop was deleted."
    put(lasting)
    wait_until(lambda: manager.get(second).counters.processed == 1)
    manager.close()
