"""Catalogs by networks that were made for them alone."""

import pytest

from catalog.encodings.encoders import CatalogEncoders
from catalog.encodings.encoding import Encoder, PartIds
from catalog.errors import Conflict
from catalog.follower import Follower
from catalog.migration import model_id_of
from catalog.registry import Catalogs
from catalog.store import CatalogStore
from tests.catalog.support.fakes import (
    FakeEncoder,
    MemoryStorage,
    embedding_of,
    new_store,
    picture,
    pixels,
    same_store,
)

ADAPTED = FakeEncoder("adapted")


def adapted_only(_name: str, part_ids: PartIds) -> Encoder | None:
    return ADAPTED if part_ids == ADAPTED.part_ids else None


def store_with_others(memory: MemoryStorage) -> CatalogStore:
    return Catalogs(memory, FakeEncoder(), others=adapted_only).open("shop")


@pytest.fixture
def switched(memory: MemoryStorage) -> CatalogStore:
    """A catalog with one product, switched to networks made for it."""
    new_store(memory).add_product("p1", [picture(1)])
    store = store_with_others(memory)
    store.migration.by(ADAPTED).switch()
    return store


def test_the_own_encoder_comes_first_and_an_unknown_one_is_refused_by_name() -> None:
    own = FakeEncoder()
    encoders = CatalogEncoders("shop", own, adapted_only)
    assert encoders.get(own.part_ids) is own
    assert encoders.get(ADAPTED.part_ids) is ADAPTED
    strange = FakeEncoder("strange").part_ids
    assert encoders.find(strange) is None
    with pytest.raises(Conflict, match="embedding-strange"):
        encoders.get(strange)


def test_a_process_that_has_them_answers_and_takes_pictures_in(
    memory: MemoryStorage, switched: CatalogStore
) -> None:
    assert switched.has_encoder
    switched.add_product("p2", [picture(2)])
    switched.add_images("p2", [picture(3)])
    again = store_with_others(memory).snapshot()
    assert again.part_ids == ADAPTED.part_ids
    assert again.shortlist(embedding_of(pixels(2)), 1)[0].product_id == "p2"
    assert switched.migration.models().answered


def test_a_product_removed_before_the_switch_comes_back_by_the_new_networks(
    memory: MemoryStorage,
) -> None:
    new_store(memory).add_product("p1", [picture(1)])
    store = store_with_others(memory)
    store.add_product("p2", [picture(2)])
    store.remove_product("p2")
    store.migration.by(ADAPTED).switch()
    store.restore_product("p2")
    assert store.snapshot().shortlist(embedding_of(pixels(2)), 1)[0].product_id == "p2"


def test_a_follower_that_lacks_them_says_so_and_keeps_answering_by_the_old_ones(
    memory: MemoryStorage,
) -> None:
    new_store(memory).add_product("p1", [picture(1)])
    with Follower(same_store(memory), poll_seconds=0.01) as follower:
        store_with_others(memory).migration.by(ADAPTED).switch()
        store_with_others(memory).add_product("p2", [picture(2)])
        for _ in range(200):
            if follower.health.degraded:
                break
            follower._stopped.wait(0.01)
        assert "other networks" in follower.health.reason
        kept = follower.catalog()
        assert kept.shortlist(embedding_of(pixels(1)), 1)[0].product_id == "p1"
        assert kept.part_ids == FakeEncoder().part_ids


def test_without_them_pictures_are_refused(memory: MemoryStorage, switched: CatalogStore) -> None:
    assert switched.has_encoder
    old = same_store(memory)
    assert not old.has_encoder
    assert not old.migration.models().answered
    with pytest.raises(Conflict, match="other networks"):
        old.add_product("p2", [picture(2)])


def test_a_switch_while_pictures_are_taken_in_refuses_them(memory: MemoryStorage) -> None:
    new_store(memory).add_product("p1", [picture(1)])
    store = store_with_others(memory)
    with pytest.raises(Conflict, match="switched to other networks meanwhile"):
        store.add_product(
            "p2", [picture(2)], before_commit=lambda: _switch(store_with_others(memory))
        )
    assert "p2" not in store.snapshot().products


def _switch(store: CatalogStore) -> None:
    store.migration.by(ADAPTED).switch()


def test_back_and_forth_with_pictures_that_came_between(
    memory: MemoryStorage, switched: CatalogStore
) -> None:
    switched.migration.switch()
    switched.add_product("p2", [picture(2)])
    switched.migration.switch_to(model_id_of(ADAPTED.part_ids))
    assert switched.state().part_ids == ADAPTED.part_ids
    assert switched.snapshot().shortlist(embedding_of(pixels(2)), 1)[0].product_id == "p2"
    switched.migration.roll_back()
    assert switched.state().part_ids == FakeEncoder().part_ids
    assert same_store(memory).has_encoder


def test_a_deleted_catalog_takes_its_networks_along(
    memory: MemoryStorage, switched: CatalogStore
) -> None:
    memory.put("shop/models/abc.safetensors", b"weights")
    assert switched.has_encoder
    Catalogs(memory, FakeEncoder()).delete("shop")
    assert not [key for key in memory.objects if "/models/" in key]
