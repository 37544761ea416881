from catalog.encodings.cache import EncodingCache, size_of
from catalog.encodings.store import EncodingStore
from tests.catalog.support.fakes import (
    FakeEncoder,
    MemoryStorage,
    image_id,
    new_store,
    picture,
)


def test_the_cache_of_encodings_keeps_within_its_bound(memory: MemoryStorage) -> None:
    store = new_store(memory)
    for number in range(8):
        store.add_product(f"p{number}", [picture(number)])
    parts = EncodingStore(memory, "shop")
    part_ids = FakeEncoder().part_ids
    ids = [image_id(picture(number)) for number in range(8)]
    one = size_of(parts.load(part_ids, ids[0]))
    cache = EncodingCache(parts, limit=3 * one)
    kept = [cache.get(part_ids, identifier) for identifier in ids[:3]]
    assert cache.get(part_ids, ids[0]) is kept[0]
    cache.get(part_ids, ids[3])
    assert cache.get(part_ids, ids[0]) is kept[0]
    assert cache.get(part_ids, ids[1]) is not kept[1]
