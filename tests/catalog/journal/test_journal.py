from collections.abc import Callable
from dataclasses import replace

import pytest
from typing_extensions import override

from catalog.errors import CatalogError, Invalid, StorageUnavailable, Undetermined
from catalog.journal.entries import (
    MOST_CHANGES,
    CatalogCleared,
    CatalogDeleted,
    JournalChange,
    PartsActivated,
    ProductRemoved,
    ProductWritten,
)
from catalog.journal.journal import Journal
from tests.catalog.support.entries import MILK, PARTS, entry
from tests.catalog.support.fakes import MemoryStorage


class Unsure(MemoryStorage):
    """Does not say whether it wrote, for a number of writes; it did or it did not."""

    def __init__(self, times: int, *, writes: bool) -> None:
        super().__init__()
        self.times = times
        self.writes = writes

    @override
    def put_if_absent(self, key: str, data: bytes) -> bool:
        if self.times == 0:
            return super().put_if_absent(key, data)
        self.times -= 1
        if self.writes:
            super().put_if_absent(key, data)
        raise Undetermined(f"no answer for {key}")


def hurried(storage: MemoryStorage) -> Journal:
    """A journal whose every pause takes a second of its clock and none of ours."""
    seconds = [0.0]

    def pause(_: float) -> None:
        seconds[0] += 1

    return Journal(storage, "shop", clock=lambda: seconds[0], sleep=pause)


@pytest.mark.parametrize(
    "change",
    [
        PartsActivated(PARTS),
        ProductWritten(MILK),
        ProductRemoved(MILK),
        CatalogDeleted(),
        CatalogCleared(),
    ],
)
def test_every_change_is_read_back_as_it_was_written(
    memory: MemoryStorage, change: JournalChange
) -> None:
    journal = Journal(memory, "shop")
    assert journal.append(entry(1, change))
    assert list(journal.after(0)) == [entry(1, change)]


def test_entries_are_read_up_to_the_first_gap(memory: MemoryStorage) -> None:
    journal = Journal(memory, "shop")
    for sequence in (1, 2, 4):
        journal.append(entry(sequence, CatalogCleared()))
    assert [e.sequence for e in journal.after(0)] == [1, 2]
    assert [e.sequence for e in journal.after(1)] == [2]


def test_a_number_that_is_taken_is_lost(memory: MemoryStorage) -> None:
    journal = Journal(memory, "shop")
    assert journal.append(entry(1, PartsActivated(PARTS), write_id="first"))
    assert not journal.append(entry(1, CatalogDeleted(), write_id="second"))
    assert next(journal.after(0)).write_id == "first"


@pytest.mark.parametrize("writes", [True, False])
def test_a_write_without_an_answer_is_repeated_until_the_number_is_taken(writes: bool) -> None:
    journal = hurried(Unsure(3, writes=writes))
    assert journal.append(entry(1, PartsActivated(PARTS)))


def test_a_write_without_an_answer_that_another_won_is_lost() -> None:
    storage = Unsure(0, writes=False)
    hurried(storage).append(entry(1, CatalogDeleted(), write_id="other"))
    storage.times = 2
    assert not hurried(storage).append(entry(1, PartsActivated(PARTS)))


def test_a_storage_that_never_answers_leaves_the_write_undetermined() -> None:
    with pytest.raises(Undetermined, match="unknown"):
        hurried(Unsure(1000, writes=True)).append(entry(1, PartsActivated(PARTS)))


def test_a_storage_that_refuses_is_believed(memory: MemoryStorage) -> None:
    memory.refuses_after = 0
    with pytest.raises(StorageUnavailable):
        Journal(memory, "shop").append(entry(1, PartsActivated(PARTS)))
    assert not memory.objects


def test_an_entry_is_bounded_in_changes_and_in_bytes(memory: MemoryStorage) -> None:
    with pytest.raises(Invalid, match="at most"):
        entry(1, *[CatalogCleared()] * (MOST_CHANGES + 1))
    long = replace(MILK, description="x" * 2_000_000)
    with pytest.raises(Invalid, match="too large"):
        Journal(memory, "shop").append(entry(1, ProductWritten(long)))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-10],
        lambda data: data[:0],
        lambda data: b"\xff\xfe" + data,
        lambda data: b"[" + data + b"]",
        lambda data: data.replace(b'"sequence":1', b'"sequence":2'),
        lambda data: data.replace(b'"product_written"', b'"product_praised"'),
        lambda data: data.replace(b'"revision":3', b'"revision":"three"'),
        lambda data: data.replace(b'"format":1', b'"format":99'),
    ],
)
def test_a_damaged_entry_is_named(memory: MemoryStorage, damage: Callable[[bytes], bytes]) -> None:
    journal = Journal(memory, "shop")
    journal.append(entry(1, ProductWritten(MILK)))
    key = "shop/journal/000000000001.json"
    memory.objects[key] = damage(memory.objects[key])
    with pytest.raises(CatalogError, match=key):
        list(journal.after(0))


def test_the_last_entry_is_found_without_reading_the_others(memory: MemoryStorage) -> None:
    journal = Journal(memory, "shop")
    assert journal.last() is None
    for sequence in range(1, 12):
        journal.append(entry(sequence, CatalogCleared()))
    memory.objects["shop/journal/000000000003.json"] = b"damaged"
    last = journal.last()
    assert last is not None
    assert last.sequence == 11
