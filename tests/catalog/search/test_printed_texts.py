"""A product without a name is found by what is printed on it."""

from dataclasses import replace
from typing import Final

import numpy as np
import pytest

from catalog.encodings.encoding import PartIds
from catalog.encodings.printed import PrintedWord
from catalog.encodings.store import EncodingStore
from catalog.records.product import Product
from catalog.search.printed_texts import NOTHING_PRINTED, PrintedSource, PrintedTextCache
from catalog.search.search import SearchQuery
from catalog.search.text_index import TextIndex
from catalog.storage.base import Storage
from catalog.store import CatalogStore
from tests.catalog.support.fakes import (
    FakeEncoder,
    MemoryStorage,
    image_id,
    new_store,
    picture,
    same_store,
)

READING: Final = PartIds("crop-1", "embedding-1", "local-1", "words-1")


def printed(*texts: str, confidence: float = 0.95) -> tuple[PrintedWord, ...]:
    outline = np.array([[1, 1], [9, 1], [9, 4], [1, 4]], np.float32)
    return tuple(PrintedWord(text, confidence, outline) for text in texts)


def reading(*texts: str) -> FakeEncoder:
    """An encoder that reads the same words on whatever it sees."""
    encoder = FakeEncoder()
    encoder.part_ids = READING
    encoder.words = printed(*texts)
    return encoder


def found(store: CatalogStore, text: str) -> list[str]:
    return [hit.product.product_id for hit in store.snapshot().search(SearchQuery(text)).hits]


def test_a_product_is_found_by_its_print_as_soon_as_it_is_added(memory: MemoryStorage) -> None:
    store = new_store(memory, reading("SOMMAR", "GRÄDDFIL"))
    store.add_product("p1", [picture(1)])
    assert found(store, "gräddfil") == ["p1"]
    assert found(store, "graddfill") == ["p1"]
    assert found(store, "vanilj") == []
    other = same_store(memory, reading("VANILJ"))
    other.add_product("p2", [picture(2)])
    assert found(other, "vanilj") == ["p2"]
    assert found(store, "vanilj") == ["p2"]


def test_a_misspelt_word_is_read_as_one_that_people_wrote_before_one_of_print(
    memory: MemoryStorage,
) -> None:
    store = new_store(memory, reading("AMPLE"))
    store.add_product("p1", [picture(1)], name="Apple juice")
    other = same_store(memory, reading("AMPLE"))
    other.add_product("p2", [picture(2)], name="Orange juice")
    assert found(other, "aple") == ["p1"]
    assert set(found(other, "amples")) == {"p1", "p2"}


def test_what_people_wrote_comes_before_what_is_printed(memory: MemoryStorage) -> None:
    store = new_store(memory, reading("HONEY", "HONEY", "HONEY"))
    store.add_product("print", [picture(1)])
    store.add_product("described", [picture(2)], description="a long text, with honey in it")
    store.add_product("named", [picture(3)], name="Honey")
    hits = store.snapshot().search(SearchQuery("honey")).hits
    assert [hit.product.product_id for hit in hits] == ["named", "described", "print"]
    relevances = [hit.relevance or 0.0 for hit in hits]
    assert relevances == sorted(relevances, reverse=True)
    assert min(relevances) > 0


def test_words_may_be_partly_written_and_partly_printed(memory: MemoryStorage) -> None:
    store = new_store(memory, reading("GRÄDDFIL"))
    store.add_product("p1", [picture(1)], name="Arla")
    assert found(store, "arla gräddfil") == ["p1"]


def test_words_that_were_hardly_read_are_not_searched(memory: MemoryStorage) -> None:
    encoder = reading()
    encoder.words = printed("honey", confidence=0.6)
    store = new_store(memory, encoder)
    store.add_product("p1", [picture(1)])
    assert found(store, "honey") == []


def test_a_catalog_encoded_before_is_read_anew_and_served_meanwhile(memory: MemoryStorage) -> None:
    earlier = new_store(memory, FakeEncoder())
    earlier.add_product("p1", [picture(1)])
    store = same_store(memory, reading("HONEY"))
    assert store.has_encoder
    assert store.migration.models().is_due
    assert found(store, "honey") == []
    untouched = {key: data for key, data in memory.objects.items() if "/features/" in key}
    store.migration.renew()
    assert found(store, "honey") == ["p1"]
    assert not store.migration.is_due
    assert {key: memory.objects[key] for key in untouched} == untouched
    (encoder,) = (store.snapshot().part_ids,)
    assert encoder == READING


def test_a_process_that_reads_no_words_leaves_them_and_can_go_on(memory: MemoryStorage) -> None:
    new_store(memory, reading("HONEY")).add_product("p1", [picture(1)])
    store = same_store(memory, FakeEncoder())
    assert store.has_encoder
    assert not store.migration.is_due
    assert found(store, "honey") == ["p1"]
    store.add_product("p2", [picture(2)])
    assert found(store, "honey") == ["p1"]
    encodings = [store.snapshot().encoding(image_id(picture(number))) for number in (1, 2)]
    assert [encoding.words is None for encoding in encodings] == [False, True]
    mending = same_store(memory, reading("TEA"))
    mending.migration.encode_missing("p2")
    assert found(same_store(memory, reading("TEA")), "tea") == ["p2"]


def test_who_went_back_to_no_words_is_left_alone(memory: MemoryStorage) -> None:
    new_store(memory, FakeEncoder()).add_product("p1", [picture(1)])
    store = same_store(memory, reading("HONEY"))
    store.migration.renew()
    store.migration.roll_back()
    assert store.state().part_ids == FakeEncoder().part_ids
    assert not store.migration.is_due
    assert found(store, "honey") == []


def test_damaged_words_count_as_none(memory: MemoryStorage) -> None:
    store = new_store(memory, reading("HONEY"))
    store.add_product("p1", [picture(1)])
    (key,) = (key for key in memory.objects if "/words/" in key)
    memory.objects[key] = b"noise"
    assert found(store, "honey") == []


def test_many_pictures_are_read_in_the_background(memory: MemoryStorage) -> None:
    store = new_store(memory, reading("HONEY"))
    for number in range(3):
        store.add_product(f"p{number}", [picture(number)])
    products = store.snapshot().products
    cache, index = PrintedTextCache(_encodings(memory, store), waited_for=2), TextIndex()
    index.search("honey", products, cache.source(READING))
    cache.wait()
    hits = index.search("honey", products, cache.source(READING))
    assert set(hits.relevances) == set(products)


def _encodings(storage: Storage, store: CatalogStore) -> EncodingStore:
    return EncodingStore(storage, store.name)


@pytest.mark.parametrize("texts", [(), ("ÅÄÖ", "牛奶", "молоко")])
def test_words_come_back_as_they_were_kept(memory: MemoryStorage, texts: tuple[str, ...]) -> None:
    store = new_store(memory, reading(*texts))
    store.add_product("p1", [picture(1)])
    kept = _encodings(memory, store).load(READING, image_id(picture(1))).words
    assert kept is not None
    assert tuple(word.text for word in kept) == texts
    assert all(word.outline.shape == (4, 2) for word in kept)
    without = _encodings(memory, store).load(replace(READING, words=""), image_id(picture(1)))
    assert without.words is None


def test_an_index_follows_what_becomes_known_of_the_same_products() -> None:
    index = TextIndex()
    products = {"p": Product("p", "Tea")}
    assert not index.search("honey", products, NOTHING_PRINTED).relevances
    source = PrintedSource(
        "1", lambda several: {product.product_id: "HONEY" for product in several}
    )
    assert set(index.search("honey", products, source).relevances) == {"p"}
    assert not index.search("honey", products, NOTHING_PRINTED).relevances
