from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest
from typing_extensions import override

from catalog.encodings.store import EncodingStore
from catalog.journal.commit_log import CommitLog
from catalog.journal.entries import ImagesCollected, JournalChange, PartsActivated, ProductWritten
from catalog.journal.state import CatalogState
from catalog.records.product import Product
from catalog.search.index_cache import IndexCache
from catalog.storage.base import Storage
from tests.catalog.support.entries import PARTS
from tests.catalog.support.fakes import MemoryStorage


def commit_log(storage: Storage) -> CommitLog:
    return CommitLog(storage, "shop", IndexCache(EncodingStore(storage, "shop")))


def write(product_id: str) -> ProductWritten:
    return ProductWritten(Product(product_id, product_id))


class SlowJournal(MemoryStorage):
    """Holds the next write of an entry until it is released."""

    def __init__(self, shared: MemoryStorage) -> None:
        super().__init__()
        self.objects = shared.objects
        self.holding = Event()
        self.release = Event()

    @override
    def put_if_absent(self, key: str, data: bytes) -> bool:
        self.holding.set()
        assert self.release.wait(30)
        return super().put_if_absent(key, data)


@contextmanager
def held(
    log: CommitLog, storage: SlowJournal, change: JournalChange
) -> Iterator[ThreadPoolExecutor]:
    """While a commit of this process waits for the storage."""
    with ThreadPoolExecutor(2) as pool:
        commit = pool.submit(log.commit, lambda _: change)
        try:
            assert storage.holding.wait(10)
            yield pool
            assert not commit.done()
        finally:
            storage.release.set()
        assert commit.result(10).written


def test_readers_do_not_wait_for_a_commit(memory: MemoryStorage) -> None:
    commit_log(memory).commit(lambda _: PartsActivated(PARTS))
    storage = SlowJournal(memory)
    log = commit_log(storage)
    with held(log, storage, ImagesCollected(("a",))) as pool:
        assert pool.submit(log.state).result(5).sequence == 1
        assert log.last_seen.sequence == 1
    assert log.state().sequence == 2


def test_a_reader_that_overtakes_a_commit_is_not_set_back(memory: MemoryStorage) -> None:
    commit_log(memory).commit(lambda _: PartsActivated(PARTS))
    storage = SlowJournal(memory)
    log = commit_log(storage)
    with held(log, storage, write("late")) as pool:
        commit_log(memory).commit(lambda _: write("first"))
        assert list(pool.submit(log.state).result(5).products) == ["first"]
    assert list(log.state().products) == ["first", "late"]
    assert log.last_written == 3


def test_a_change_is_decided_again_on_what_won(memory: MemoryStorage) -> None:
    log = commit_log(memory)
    log.commit(lambda _: PartsActivated(PARTS))
    seen: list[int] = []

    def decide(state: CatalogState) -> JournalChange | None:
        seen.append(state.sequence)
        if len(seen) == 1:
            commit_log(memory).commit(lambda _: write("first"))
        return None if "first" in state.products else write("mine")

    commit = log.commit(decide)
    assert seen == [1, 2]
    assert not commit.written
    assert list(commit.state.products) == ["first"]


def test_a_refusal_commits_nothing_and_lets_the_next_change_through(memory: MemoryStorage) -> None:
    log = commit_log(memory)

    def refuse(_: CatalogState) -> JournalChange:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        log.commit(refuse)
    assert log.commit(lambda _: PartsActivated(PARTS)).state.sequence == 1
