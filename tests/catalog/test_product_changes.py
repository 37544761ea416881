from collections.abc import Mapping

import pytest

from catalog.errors import Conflict, Invalid, NotFound
from catalog.records.product import AttributeValue
from tests.catalog.support.fakes import MemoryStorage, image_id, new_store, picture


def test_single_attributes_are_changed_added_and_taken_away(memory: MemoryStorage) -> None:
    store = new_store(memory)
    store.add_product("tea", [picture(1)], attributes={"price": 2.0, "brand": "Kolb", "old": "x"})
    changes: Mapping[str, AttributeValue | None] = {
        "price": 2.5,
        "tags": ("green", "loose"),
        "old": None,
    }
    after = store.update_product("tea", attribute_changes=changes).product
    assert after.attributes == (("price", 2.5), ("brand", "Kolb"), ("tags", ("green", "loose")))
    assert after.revision == 2


def test_an_attribute_that_is_not_there_cannot_be_taken_away(memory: MemoryStorage) -> None:
    store = new_store(memory)
    store.add_product("tea", [picture(1)])
    with pytest.raises(Invalid, match="'price'"):
        store.update_product("tea", attribute_changes={"price": None})
    assert store.product("tea").revision == 1


def test_the_same_change_again_writes_nothing(memory: MemoryStorage) -> None:
    store = new_store(memory)
    store.add_product("tea", [picture(1)])
    once = store.update_product("tea", attribute_changes={"price": 2.5})
    twice = store.update_product("tea", attribute_changes={"price": 2.5})
    assert once.index_version == twice.index_version


def test_pictures_are_replaced_in_one_step(memory: MemoryStorage) -> None:
    store = new_store(memory)
    before = store.add_product("tea", [picture(1), picture(2)]).product
    change = store.replace_images("tea", [picture(3), picture(2)], if_revision=1)
    ids = [image.image_id for image in change.product.images]
    assert ids == [image_id(picture(3)), image_id(picture(2))]
    assert change.product.images[1] == before.images[1]
    assert (change.product.revision, change.product.created_at) == (2, before.created_at)


def test_the_same_pictures_again_write_nothing(memory: MemoryStorage) -> None:
    store = new_store(memory)
    version = store.add_product("tea", [picture(1)]).index_version
    assert store.replace_images("tea", [picture(1)]).index_version == version


def test_pictures_are_not_replaced_when_the_product_changed_or_none_is_given(
    memory: MemoryStorage,
) -> None:
    store = new_store(memory)
    store.add_product("tea", [picture(1)])
    with pytest.raises(Conflict, match="revision 1"):
        store.replace_images("tea", [picture(2)], if_revision=9)
    with pytest.raises(Invalid, match="at least one picture"):
        store.replace_images("tea", [])
    with pytest.raises(NotFound):
        store.replace_images("coffee", [picture(2)])
