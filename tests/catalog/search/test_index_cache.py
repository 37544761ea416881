from catalog.encodings.store import EncodingStore
from catalog.records.product import Product
from catalog.search.index_cache import IndexCache
from catalog.search.vector_index import VectorIndex
from tests.catalog.support.fakes import (
    MemoryStorage,
    embedding_of,
    new_store,
    picture,
    pixels,
)


def test_a_large_index_is_hashed_in_the_background_and_then_used(memory: MemoryStorage) -> None:
    store = new_store(memory)
    for number in range(12):
        store.add_product(f"p{number}", [picture(number)])
    state = store.state()
    keeper = IndexCache(EncodingStore(memory, "shop"), exact_below=10)
    first: VectorIndex = keeper.index(state.part_ids, state.products)
    keeper.wait()
    hashed = keeper.current(state.products)
    assert not first.hashed
    assert hashed is not None
    assert hashed.hashed
    for index in (first, hashed):
        assert index.search(embedding_of(pixels(5)), 1)[0].product_id == "p5"
    fewer: dict[str, Product] = dict(state.products)
    del fewer["p5"]
    after = keeper.index(state.part_ids, fewer)
    assert after.search(embedding_of(pixels(5)), 1)[0].product_id != "p5"
    assert after.hashed
    keeper.wait()
