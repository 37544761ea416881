import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typing_extensions import override

from catalog.encodings.store import pack_tensors, unpack_tensors
from catalog.journal.checkpoint import CheckpointStore
from catalog.storage.base import Storage
from catalog.storage.folder import FolderStorage
from tests.catalog.support.fakes import (
    MemoryStorage,
    embedding_of,
    new_store,
    picture,
    pixels,
    same_store,
)
from tests.catalog.support.opinions import HALF, RIGHT, shop


class CountingStorage(MemoryStorage):
    """Remembers what was read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    @override
    def get(self, key: str) -> bytes:
        self.read.append(key)
        return super().get(key)


def filled(storage: Storage, products: int) -> None:
    store = new_store(storage)
    for number in range(products):
        store.add_product(f"p{number}", [picture(number)])


def nearest(storage: Storage, seed: int) -> str:
    found = same_store(storage).snapshot().shortlist(embedding_of(pixels(seed)), 1)
    return found[0].product_id


def test_a_snapshot_object_spares_reading_what_is_in_it() -> None:
    storage = CountingStorage()
    filled(storage, 70)
    assert storage.list("shop/snapshots/") == ("shop/snapshots/000000000064.safetensors",)
    storage.read.clear()
    assert nearest(storage, 3) == "p3"
    assert nearest(storage, 69) == "p69"
    entries = {key for key in storage.read if "/journal/" in key}
    assert min(entries) == "shop/journal/000000000064.json"
    assert len({key for key in storage.read if "/embedding/" in key}) == 7


def test_only_the_newest_snapshot_objects_are_kept(memory: MemoryStorage) -> None:
    filled(memory, 200)
    assert [key[-20:-12] for key in memory.list("shop/snapshots/")] == ["00000128", "00000192"]


def test_all_snapshot_objects_together_stay_within_a_multiple_of_the_last() -> None:
    checkpoints = CheckpointStore(MemoryStorage(), "shop")
    written, last = 0, 0
    for sequence in range(1, 20_000):
        if checkpoints.due(sequence, last):
            written, last = written + sequence, sequence
            assert written <= 25 * sequence
    assert last > 18_000


def damage(memory: MemoryStorage) -> None:
    for key in memory.list("shop/snapshots/"):
        memory.objects[key] = memory.objects[key][: len(memory.objects[key]) // 2]


def empty(memory: MemoryStorage) -> None:
    for key in memory.list("shop/snapshots/"):
        memory.objects[key] = b""


def forget(memory: MemoryStorage) -> None:
    for key in memory.list("shop/snapshots/"):
        del memory.objects[key]


@pytest.mark.parametrize("harm", [damage, empty, forget])
def test_without_snapshot_objects_the_catalog_is_the_same(
    memory: MemoryStorage, harm: Callable[[MemoryStorage], None]
) -> None:
    filled(memory, 70)
    harm(memory)
    assert len(same_store(memory).snapshot().products) == 70
    assert nearest(memory, 3) == "p3"


def test_a_snapshot_object_of_another_history_is_not_believed(memory: MemoryStorage) -> None:
    filled(memory, 70)
    kept = {key: data for key, data in memory.objects.items() if "/snapshots/" in key}
    memory.objects.clear()
    store = new_store(memory)
    for number in range(66):
        store.add_product(f"q{number}", [picture(number)])
    memory.objects.update(kept)
    assert nearest(memory, 3) == "q3"


def test_removed_products_can_be_restored_from_a_snapshot_object(memory: MemoryStorage) -> None:
    store = new_store(memory)
    store.add_product("gone", [picture(99)])
    store.remove_product("gone")
    for number in range(65):
        store.add_product(f"p{number}", [picture(number)])
    assert memory.list("shop/snapshots/")
    same_store(memory).restore_product("gone")
    assert nearest(memory, 99) == "gone"


def test_a_full_disk_at_a_snapshot_object_does_no_harm(memory: MemoryStorage) -> None:
    filled(memory, 62)
    memory.refuses_after = 5
    change = same_store(memory).add_product("last", [picture(99)])
    memory.refuses_after = None
    assert change.index_version == 64
    assert not memory.list("shop/snapshots/")
    assert nearest(memory, 99) == "last"


def test_opening_a_few_hundred_references_and_asking_is_quick(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "data", durable=False)
    filled(storage, 300)
    started = time.process_time()
    assert nearest(storage, 123) == "p123"
    assert time.process_time() - started < 0.5
    for key in storage.list("shop/snapshots/"):
        storage.delete(key)
    started = time.process_time()
    assert nearest(storage, 123) == "p123"
    assert time.process_time() - started < 1.0


def test_snapshot_objects_carry_feedback_and_calibrations(memory: MemoryStorage) -> None:
    store = shop(memory)
    store.calibrate(HALF)
    given = [store.feedback.add(RIGHT).feedback for _ in range(70)]
    assert memory.list("shop/snapshots/")
    for key in memory.list("shop/journal/")[:40]:
        memory.objects[key] = b"a start from the snapshot never reads this"
    snapshot = same_store(memory).snapshot()
    assert snapshot.feedback == tuple(given)
    assert dict(snapshot.calibrations) == {"net": HALF}


def test_snapshot_objects_of_earlier_versions_are_read(memory: MemoryStorage) -> None:
    store = shop(memory)
    for number in range(70):
        store.update_product("tea", name=f"Tea {number}")
    (*_, key) = memory.list("shop/snapshots/")
    tensors = {
        name: tensor.copy() for name, tensor in unpack_tensors(memory.objects[key], key).items()
    }
    record = json.loads(tensors["record"].tobytes())
    old = {
        name: value for name, value in record.items() if name not in ("feedback", "calibrations")
    }
    assert len(old) == len(record) - 2
    earlier = json.dumps({**old, "format": 2}).encode()
    memory.objects[key] = pack_tensors({**tensors, "record": np.frombuffer(earlier, np.uint8)})
    for entry_key in memory.list("shop/journal/")[:40]:
        memory.objects[entry_key] = b"a start from the snapshot never reads this"
    snapshot = same_store(memory).snapshot()
    assert snapshot.products["tea"].name == "Tea 69"
    assert (snapshot.feedback, dict(snapshot.calibrations)) == ((), {})
