from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
from typing_extensions import override

from catalog.encodings.store import EncodingStore
from catalog.errors import NotFound
from catalog.records.product import Product
from catalog.registry import Catalogs
from catalog.search.keypoints.base_file import KeypointFiles
from catalog.search.keypoints.keypoint_cache import KeypointIndexCache
from catalog.store import CatalogStore
from tests.catalog.support.fakes import MemoryStorage, picture, pixels
from tests.catalog.support.keypoints import FakeCoder, VotingEncoder, described, seen_again

CODER = FakeCoder()


class SlowStorage(MemoryStorage):
    """Keypoints are not read until the gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.reading = Event(), Event()
        self.gate.set()

    @override
    def get(self, key: str) -> bytes:
        if "/local/" in key:
            self.reading.set()
            assert self.gate.wait(10)
        return super().get(key)


def filled(memory: MemoryStorage, count: int) -> CatalogStore:
    store = Catalogs(memory, VotingEncoder()).create("shop")
    for number in range(count):
        store.add_product(f"p{number}", [picture(number)])
    return store


def query(number: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return seen_again(described(int(pixels(number).mean())), 0.02)


class KeypointReadsStorage(MemoryStorage):
    """Counts the keypoints that are read."""

    reads = 0

    @override
    def get(self, key: str) -> bytes:
        self.reads += "/local/" in key
        return super().get(key)


def test_the_next_process_maps_the_base_and_reads_only_what_came_since(tmp_path: Path) -> None:
    memory = KeypointReadsStorage()
    store = filled(memory, 70)
    state = store.state()
    first = KeypointIndexCache(EncodingStore(memory, "shop"), KeypointFiles(tmp_path))
    votes = first.index(state.part_ids, state.products, CODER).votes(query(3), 3)
    first.wait()
    store.add_product("new", [picture(90)])
    state = store.state()
    memory.reads = 0
    second = KeypointIndexCache(EncodingStore(memory, "shop"), KeypointFiles(tmp_path))
    index = second.index(state.part_ids, state.products, CODER)
    assert memory.reads == 1
    assert len(index) == 71
    assert index.votes(query(3), 3)[0].product_id == votes[0].product_id


def test_a_damaged_base_is_made_again(tmp_path: Path) -> None:
    memory = KeypointReadsStorage()
    state = filled(memory, 70).state()
    memory.reads = 0
    for _ in range(2):
        cache = KeypointIndexCache(EncodingStore(memory, "shop"), KeypointFiles(tmp_path))
        assert len(cache.index(state.part_ids, state.products, CODER)) == 70
        cache.wait()
        (path,) = (path for path in tmp_path.rglob("*") if path.is_file())
        path.write_bytes(path.read_bytes()[:5000])
    assert memory.reads == 2 * 70


def test_changes_are_found_at_once_and_removed_ones_are_not() -> None:
    memory = MemoryStorage()
    state = filled(memory, 12).state()
    cache = KeypointIndexCache(EncodingStore(memory, "shop"))
    cache.index(state.part_ids, state.products, CODER)
    fewer: dict[str, Product] = dict(state.products)
    del fewer["p5"]
    assert cache.current(fewer) is None
    index = cache.index(state.part_ids, fewer, CODER)
    assert cache.current(fewer) is index
    assert "p5" not in [vote.product_id for vote in index.votes(query(5), 12)]
    back = cache.index(state.part_ids, state.products, CODER)
    assert "p5" in [vote.product_id for vote in back.votes(query(5), 12)]


def test_nobody_waits_while_the_very_first_index_is_made() -> None:
    memory = SlowStorage()
    state = filled(memory, 3).state()
    cache = KeypointIndexCache(EncodingStore(memory, "shop"))
    memory.gate.clear()
    thread = Thread(target=cache.index, args=(state.part_ids, state.products, CODER))
    thread.start()
    assert memory.reading.wait(10)
    assert cache.index_unless_starting(state.part_ids, state.products, CODER) is None
    memory.gate.set()
    thread.join()
    index = cache.index_unless_starting(state.part_ids, state.products, CODER)
    assert index is not None
    assert len(index) == 3


def test_a_large_index_is_merged_and_kept_in_the_background(tmp_path: Path) -> None:
    memory = MemoryStorage()
    state = filled(memory, 70).state()
    files = KeypointFiles(tmp_path)
    cache = KeypointIndexCache(EncodingStore(memory, "shop"), files, maintained_at_once=0)
    first = cache.index(state.part_ids, state.products, CODER)
    cache.wait()
    kept = cache.current(state.products)
    assert kept is not None
    assert kept is not first
    assert not kept.base.file.signs.flags.writeable
    assert kept.votes(query(3), 3) == first.votes(query(3), 3)


def test_a_missing_encoding_is_named() -> None:
    memory = MemoryStorage()
    state = filled(memory, 3).state()
    for key in memory.list("shop/features/local/"):
        memory.delete(key)
    with pytest.raises(NotFound, match="product p0"):
        KeypointIndexCache(EncodingStore(memory, "shop")).index(
            state.part_ids, state.products, CODER
        )
