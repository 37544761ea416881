import json

from tests.catalog.support.fakes import (
    MemoryStorage,
    new_store,
    picture,
    same_store,
)


class TestReadableCopies:
    def test_a_copy_follows_every_change(self, memory: MemoryStorage) -> None:
        store = new_store(memory)
        store.add_product("a", [picture(1)], name="Ä")
        copy = json.loads(memory.objects["shop/products/a.json"])
        assert copy["sequence"] == 2
        assert copy["product"]["name"] == "Ä"
        store.remove_product("a")
        assert "shop/products/a.json" not in memory.objects

    def test_a_copy_that_cannot_be_written_does_not_undo_the_change(
        self, memory: MemoryStorage
    ) -> None:
        store = new_store(memory)
        memory.refuses_after = 5  # picture, three features, the journal
        change = store.add_product("a", [picture(1)])
        assert "the change was made" in change.notes[0]
        assert same_store(memory).product("a") == change.product
