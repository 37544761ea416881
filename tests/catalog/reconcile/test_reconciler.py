import pytest

from catalog.errors import Invalid, NotFound
from catalog.registry import Catalogs
from tests.catalog.support.fakes import (
    FakeEncoder,
    MemoryStorage,
)
from tests.catalog.support.reconciling import filled, reconciler


def test_nothing_is_found_in_a_catalog_that_nobody_touched(memory: MemoryStorage) -> None:
    store = filled(memory)
    for _ in range(2):
        report = reconciler(memory).reconcile()
        assert report.findings == ()
        assert report.drift == 0.0
        assert report.index_version == store.state().sequence


def test_reconciling_a_catalog_that_is_not_there_is_refused(memory: MemoryStorage) -> None:
    catalogs = Catalogs(memory, FakeEncoder())
    with pytest.raises(NotFound):
        catalogs.reconciler("shop")
    with pytest.raises(Invalid):
        catalogs.reconciler("../shop")


def test_a_damaged_memory_costs_a_pass_and_nothing_else(memory: MemoryStorage) -> None:
    filled(memory)
    for text in (b"", b"{}", b'{"format": 9}', b'{"format": 1, "copies": {"a": 3}}'):
        memory.put("shop/reconcile.json", text)
        assert reconciler(memory).reconcile().findings == ()
