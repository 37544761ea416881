"""A catalog whose pictures an earlier version cut, by the same networks."""

from catalog.encodings.encoding import PartIds, network_of
from catalog.registry import Catalogs
from tests.catalog.support.fakes import (
    FakeEncoder,
    MemoryStorage,
    embedding_of,
    image_id,
    new_store,
    picture,
    pixels,
    same_store,
)


def version(crop: str) -> FakeEncoder:
    encoder = FakeEncoder()
    encoder.part_ids = PartIds.in_crop(crop, "embedding-1", "local-1")
    return encoder


def before_marks() -> FakeEncoder:
    """As it was before parts named the crop that they were made in."""
    encoder = FakeEncoder()
    encoder.part_ids = PartIds("crop-0", "embedding-1", "local-1")
    return encoder


def names(memory: MemoryStorage, encoder: FakeEncoder) -> str:
    near = same_store(memory, encoder).snapshot().shortlist(embedding_of(pixels(1)), 1)
    return near[0].product_id


def test_parts_name_the_crop_they_were_made_in() -> None:
    parts = version("crop-1").part_ids
    assert parts.networks == before_marks().part_ids.networks == ("embedding-1", "local-1")
    assert network_of(parts.embedding) == "embedding-1"
    assert parts.embedding != version("crop-2").part_ids.embedding
    parts.check()


def test_it_is_used_as_it_is_and_takes_pictures_in(memory: MemoryStorage) -> None:
    for earlier in (before_marks(), version("crop-1")):
        memory.objects.clear()
        new_store(memory, earlier).add_product("p1", [picture(1)])
        store = same_store(memory, version("crop-2"))
        assert store.has_encoder
        assert names(memory, version("crop-2")) == "p1"
        change = store.add_product("p2", [picture(2)])
        assert any("earlier version" in note for note in change.notes)
        assert store.state().part_ids == earlier.part_ids
        assert names(memory, earlier) == "p1"


def test_encoding_it_anew_leaves_the_earlier_encodings_until_the_switch(
    memory: MemoryStorage,
) -> None:
    new_store(memory, before_marks()).add_product("p1", [picture(1)])
    store = same_store(memory, version("crop-2"))
    assert store.migration.models().is_due
    store.migration.by(version("crop-2")).prepare()
    assert names(memory, before_marks()) == "p1"
    version_after = store.migration.renew()
    assert version_after == store.state().sequence
    assert store.state().part_ids == version("crop-2").part_ids
    assert names(memory, version("crop-2")) == "p1"
    assert not store.migration.is_due
    assert store.migration.renew() is None


def test_who_went_back_is_left_alone(memory: MemoryStorage) -> None:
    new_store(memory, before_marks()).add_product("p1", [picture(1)])
    store = same_store(memory, version("crop-2"))
    store.migration.renew()
    store.migration.roll_back()
    assert store.state().part_ids == before_marks().part_ids
    assert not store.migration.is_due
    assert store.migration.renew() is None


def test_other_networks_are_still_refused(memory: MemoryStorage) -> None:
    new_store(memory, FakeEncoder("old")).add_product("p1", [picture(1)])
    store = same_store(memory, version("crop-2"))
    assert not store.has_encoder
    assert not store.migration.is_due
    assert store.migration.renew() is None


def test_a_removed_product_comes_back_by_the_earlier_version(memory: MemoryStorage) -> None:
    new_store(memory, before_marks()).add_product("p1", [picture(1)])
    store = Catalogs(memory, version("crop-2")).open("shop")
    store.remove_product("p1")
    assert store.restore_product("p1").product.images[0].image_id == image_id(picture(1))
