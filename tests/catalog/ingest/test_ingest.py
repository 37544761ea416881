"""Taking pictures in: what is encoded, ignored or refused before anything is written."""

import pytest
from typing_extensions import override

from catalog.encodings.cache import EncodingCache
from catalog.encodings.encoders import CatalogEncoders
from catalog.encodings.store import EncodingStore
from catalog.errors import Conflict, Invalid, NotFound, PictureError, StorageUnavailable
from catalog.ingest.image_file import ImageFile
from catalog.ingest.ingest import Ingestor
from catalog.ingest.quality import IssueKind, QualityRules
from catalog.journal.state import CatalogState
from tests.catalog.support.fakes import (
    FakeEncoder,
    MemoryStorage,
    embedding_of,
    image_id,
    new_store,
    picture,
    pixels,
)


def encoded(encoder: FakeEncoder) -> CatalogState:
    return CatalogState("shop", part_ids=encoder.part_ids)


def test_earlier_pictures_help_to_encode_later_ones(memory: MemoryStorage) -> None:
    encoder = FakeEncoder()
    store = new_store(memory, encoder)
    store.add_product("a", [picture(1), picture(2), picture(3)])
    store.add_images("a", [picture(4), picture(5)])
    assert encoder.siblings == [0, 1, 2, 3, 4]


def test_the_same_file_twice_is_taken_once_with_a_note(memory: MemoryStorage) -> None:
    store = new_store(memory)
    change = store.add_product("a", [picture(1, "x.png"), picture(1, "y.png")])
    assert len(change.product.images) == 1
    assert change.notes == ("y.png is the same file as x.png and is ignored",)


def test_adding_a_picture_that_is_there_changes_nothing(memory: MemoryStorage) -> None:
    store = new_store(memory)
    before = store.add_product("a", [picture(1, "x.png")])
    after = store.add_images("a", [picture(1, "z.png")])
    assert after.index_version == before.index_version
    assert after.product == before.product
    assert after.notes == ("z.png is the same file as x.png and is ignored",)


def test_a_picture_of_two_products_is_encoded_for_each(memory: MemoryStorage) -> None:
    encoder = FakeEncoder()
    store = new_store(memory, encoder)
    store.add_product("a", [picture(1)])
    store.add_product("b", [picture(1)])
    assert encoder.siblings == [0, 0]
    found = store.snapshot().shortlist(embedding_of(pixels(1)), 5)
    assert {neighbour.product_id for neighbour in found} == {"a", "b"}


def test_one_bad_picture_refuses_the_product_and_nothing_is_written(memory: MemoryStorage) -> None:
    store = new_store(memory)
    before = dict(memory.objects)
    bad = ImageFile("bad.jpg", b"no picture")
    with pytest.raises(PictureError, match=r"bad\.jpg"):
        store.add_product("a", [picture(1), bad])
    assert memory.objects == before


def test_too_many_pictures_are_refused(memory: MemoryStorage) -> None:
    with pytest.raises(Invalid, match="at most 256"):
        new_store(memory).add_product("a", [picture(1)] * 257)


def test_a_file_name_of_odd_bytes_is_taken(memory: MemoryStorage) -> None:
    change = new_store(memory).add_product("a", [picture(1, "caf\udce9.png")])
    assert change.product.images[0].source_name == "caf?.png"


def test_an_encoder_over_the_budget_is_refused_and_nothing_is_written(
    memory: MemoryStorage,
) -> None:
    store = new_store(memory, FakeEncoder(keypoints=2000))
    before = dict(memory.objects)
    with pytest.raises(Invalid, match="budget"):
        store.add_product("a", [picture(1)])
    assert memory.objects == before


def test_a_picture_without_a_keypoint_is_taken(memory: MemoryStorage) -> None:
    store = new_store(memory, FakeEncoder(keypoints=0))
    store.add_product("a", [picture(1)])
    assert len(store.snapshot().encoding(image_id(picture(1))).local.points) == 0


def ingestor(
    storage: MemoryStorage, encoder: FakeEncoder, rules: QualityRules | None = None
) -> Ingestor:
    encodings = EncodingCache(EncodingStore(storage, "shop"))
    encoders = CatalogEncoders("shop", encoder)
    return Ingestor(storage, "shop", encoders, encodings, rules or QualityRules())


def test_preparing_writes_nothing_and_says_what_is_wrong_with_a_picture(
    memory: MemoryStorage,
) -> None:
    encoder = FakeEncoder()
    batch = ingestor(memory, encoder).prepare(encoded(encoder), "a", [picture(1)], (), "at")
    (image,) = batch.images
    assert (image.image_id, image.source_name, image.added_at) == (
        image_id(picture(1)),
        "1.png",
        "at",
    )
    assert IssueKind.SMALL in {issue.kind for issue in batch.issues}
    assert memory.objects == {}


def test_an_issue_that_is_refused_by_setting_refuses_the_picture(memory: MemoryStorage) -> None:
    encoder = FakeEncoder()
    strict = ingestor(memory, encoder, QualityRules(refused=frozenset({IssueKind.SMALL})))
    with pytest.raises(PictureError, match=r"\(refused by setting\)") as refused:
        strict.prepare(encoded(encoder), "a", [picture(1, "tiny.png")], (), "at")
    assert refused.value.name == "tiny.png"


def test_networks_that_are_not_here_are_a_conflict(memory: MemoryStorage) -> None:
    with pytest.raises(Conflict, match="encoded by other networks"):
        ingestor(memory, FakeEncoder("2")).prepare(encoded(FakeEncoder("1")), "a", [], (), "at")


def test_the_products_images_count_towards_the_most(memory: MemoryStorage) -> None:
    encoder = FakeEncoder()
    batch = ingestor(memory, encoder).prepare(encoded(encoder), "a", [picture(1)], (), "at")
    with pytest.raises(Invalid, match="257 pictures are too many for one product; give at most"):
        ingestor(memory, encoder).prepare(
            encoded(encoder), "a", [picture(2)], list(batch.images) * 256, "at"
        )


def test_a_stored_picture_is_encoded_only_if_its_encoding_is_missing_or_damaged(
    memory: MemoryStorage,
) -> None:
    encoder = FakeEncoder()
    new_store(memory, encoder).add_product("a", [picture(1)])
    ours = ingestor(memory, encoder)
    (image,) = ours.prepare(encoded(encoder), "a", [picture(1)], (), "at").images
    assert encoder.siblings == [0]
    part = next(key for key in memory.objects if "/features/embedding/" in key)
    for damage in (lambda: memory.objects.pop(part), lambda: memory.put(part, b"cut")):
        damage()
        before = len(encoder.siblings)
        ours.encode_stored(encoder, image, ())
        ours.encode_stored(encoder, image, ())
        assert len(encoder.siblings) == before + 1


def test_a_stored_picture_that_is_missing_is_not_found(memory: MemoryStorage) -> None:
    encoder = FakeEncoder()
    ours = ingestor(memory, encoder)
    (image,) = ours.prepare(encoded(encoder), "a", [picture(1)], (), "at").images
    with pytest.raises(NotFound):
        ours.encode_stored(encoder, image, ())


def test_a_storage_that_does_not_answer_is_not_taken_for_a_missing_encoding() -> None:
    class Unanswering(MemoryStorage):
        @override
        def get(self, key: str) -> bytes:
            raise StorageUnavailable(f"cannot read {key}")

    encoder = FakeEncoder()
    with pytest.raises(StorageUnavailable):
        ingestor(Unanswering(), encoder).prepare(encoded(encoder), "a", [picture(1)], (), "at")
    assert encoder.siblings == []
