from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from typing_extensions import override

from catalog.errors import (
    AlreadyExists,
    CatalogError,
    Conflict,
    Invalid,
    NotFound,
    StorageUnavailable,
)
from catalog.registry import Catalogs
from catalog.storage.base import Storage
from catalog.store import CatalogStore, ChangeResult
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


class TestAdding:
    def test_a_product_has_what_it_was_given(self, storage: Storage) -> None:
        store = new_store(storage)
        change = store.add_product(
            "oat-milk",
            [picture(1, "front.png"), picture(2, "back.png")],
            name="Oat milk",
            description="1 l",
            attributes={"price": 2, "brand": "Oatly", "tags": ["vegan", "drink"]},  # type: ignore[dict-item]
        )
        product = same_store(storage).product("oat-milk")
        assert product == change.product
        assert change.index_version == 2
        assert (product.name, product.description) == ("Oat milk", "1 l")
        assert dict(product.attributes) == {
            "price": 2.0,
            "brand": "Oatly",
            "tags": ("vegan", "drink"),
        }
        assert [image.source_name for image in product.images] == ["front.png", "back.png"]
        assert [image.image_id for image in product.images] == [
            image_id(picture(1)),
            image_id(picture(2)),
        ]
        assert [(i.width, i.height, i.extension) for i in product.images] == [(40, 30, "png")] * 2
        assert product.revision == 1
        assert product.created_at == product.updated_at != ""

    def test_a_product_without_a_name_is_called_by_its_id(self, memory: MemoryStorage) -> None:
        assert new_store(memory).add_product("oat-milk", [picture(1)]).product.name == "oat-milk"

    @pytest.mark.parametrize("product_id", ["a", "A.b_c-d", "7", "x" * 128, "a..b", "CON"])
    def test_a_good_id_is_taken(self, storage: Storage, product_id: str) -> None:
        new_store(storage).add_product(product_id, [picture(1)])
        assert list(same_store(storage).snapshot().products) == [product_id]

    def test_a_product_needs_a_picture(self, memory: MemoryStorage) -> None:
        with pytest.raises(Invalid, match="at least one picture"):
            new_store(memory).add_product("a", [])

    def test_a_product_that_exists_is_not_replaced(self, memory: MemoryStorage) -> None:
        encoder = FakeEncoder()
        store = new_store(memory, encoder)
        before = store.add_product("a", [picture(1)]).product
        with pytest.raises(AlreadyExists, match="product a is in catalog shop already"):
            store.add_product("a", [picture(2)])
        assert store.product("a") == before
        assert encoder.siblings == [0]  # refused before the work


class TestChanging:
    def test_texts_and_attributes_are_replaced_and_the_rest_stays(
        self, memory: MemoryStorage
    ) -> None:
        store = new_store(memory)
        store.add_product("a", [picture(1)], name="A", description="D", attributes={"x": "1"})
        after = store.update_product("a", name="B").product
        assert (after.name, after.description, after.revision) == ("B", "D", 2)
        after = store.update_product("a", attributes={"y": 2}).product
        assert (after.name, after.attributes, after.revision) == ("B", (("y", 2.0),), 3)
        assert after.images == store.snapshot().products["a"].images

    def test_an_update_that_changes_nothing_writes_nothing(self, memory: MemoryStorage) -> None:
        store = new_store(memory)
        before = store.add_product("a", [picture(1)], name="A")
        assert store.update_product("a", name="A").index_version == before.index_version

    def test_a_stale_revision_is_a_conflict(self, memory: MemoryStorage) -> None:
        store = new_store(memory)
        store.add_product("a", [picture(1)])
        other = same_store(memory)
        other.update_product("a", name="theirs")
        changes: tuple[Callable[[], ChangeResult], ...] = (
            lambda: store.update_product("a", name="mine", if_revision=1),
            lambda: store.add_images("a", [picture(2)], if_revision=1),
            lambda: store.remove_images("a", [image_id(picture(1))], if_revision=1),
            lambda: store.remove_product("a", if_revision=1),
        )
        for change in changes:
            with pytest.raises(Conflict, match="revision 2"):
                change()
        assert store.product("a").name == "theirs"
        assert store.update_product("a", name="mine", if_revision=2).product.name == "mine"

    def test_an_image_is_removed_but_never_the_last(self, memory: MemoryStorage) -> None:
        store = new_store(memory)
        store.add_product("a", [picture(1), picture(2)])
        after = store.remove_images("a", [image_id(picture(1))]).product
        assert [image.image_id for image in after.images] == [image_id(picture(2))]
        with pytest.raises(Invalid, match="without a picture"):
            store.remove_images("a", [image_id(picture(2))])
        with pytest.raises(NotFound, match="no picture"):
            store.remove_images("a", [image_id(picture(9))])

    def test_a_product_that_does_not_exist_is_not_found(self, memory: MemoryStorage) -> None:
        store = new_store(memory)
        for change in (
            lambda: store.product("nope"),
            lambda: store.update_product("nope", name="x"),
            lambda: store.add_images("nope", [picture(1)]),
            lambda: store.remove_images("nope", []),
            lambda: store.remove_product("nope"),
            lambda: store.restore_product("nope"),
        ):
            with pytest.raises(NotFound, match="no product nope in catalog shop"):
                change()

    def test_a_removed_product_is_gone_at_once_and_can_be_restored(self, storage: Storage) -> None:
        store = new_store(storage)
        before = store.add_product("a", [picture(1)], name="A").product
        store.add_product("b", [picture(2)])
        removal = store.remove_product("a")
        assert removal.product.revision == 2
        assert list(store.snapshot().products) == ["b"]
        found = store.snapshot().shortlist(embedding_of(pixels(1)), 5)
        assert [neighbour.product_id for neighbour in found] == ["b"]
        restored = same_store(storage).restore_product("a").product
        assert (restored.name, restored.images) == (before.name, before.images)
        assert restored.revision == 3
        assert store.snapshot().shortlist(embedding_of(pixels(1)), 5)[0].product_id == "a"

    def test_a_product_that_was_not_removed_is_not_restored(self, memory: MemoryStorage) -> None:
        store = new_store(memory)
        store.add_product("a", [picture(1)])
        with pytest.raises(AlreadyExists):
            store.restore_product("a")

    def test_a_removed_id_may_be_used_anew_and_its_revisions_go_on(
        self, memory: MemoryStorage
    ) -> None:
        store = new_store(memory)
        store.add_product("a", [picture(1)])
        store.remove_product("a")
        anew = store.add_product("a", [picture(2)]).product
        assert anew.revision == 3
        assert [image.image_id for image in anew.images] == [image_id(picture(2))]


class TestFailing:
    def test_whichever_write_is_refused_the_catalog_is_old_or_new(
        self, memory: MemoryStorage
    ) -> None:
        new_store(memory).add_product("a", [picture(1)])
        for allowed in range(20):
            store = same_store(memory)
            memory.refuses_after = allowed
            try:
                store.add_product("b", [picture(2), picture(3)])
            except StorageUnavailable:
                pass
            else:
                break
            finally:
                memory.refuses_after = None
            assert list(same_store(memory).snapshot().products) == ["a"]
        assert list(same_store(memory).snapshot().products) == ["a", "b"]
        assert allowed > 5

    def test_a_lost_race_is_decided_on_what_won(self, memory: MemoryStorage) -> None:
        rival = new_store(memory)
        racing = Overtaken(memory, lambda: rival.add_product("a", [picture(1)]))
        store = CatalogStore("shop", racing, FakeEncoder())
        with pytest.raises(AlreadyExists):
            store.add_product("a", [picture(2)])
        racing.overtake = lambda: rival.update_product("a", name="theirs")
        with pytest.raises(Conflict):
            store.update_product("a", name="mine", if_revision=1)
        racing.overtake = lambda: rival.add_product("b", [picture(3)])
        change = store.update_product("a", name="mine", if_revision=2)
        assert change.product.name == "mine"
        assert change.index_version == 5
        racing.overtake = lambda: rival.add_images("a", [picture(4)])
        after = store.add_images("a", [picture(4), picture(5)]).product
        assert [image.image_id for image in after.images] == [
            image_id(picture(seed)) for seed in (1, 4, 5)
        ]

    def test_a_change_of_a_catalog_that_is_deleted_meanwhile_is_refused(
        self, memory: MemoryStorage
    ) -> None:
        new_store(memory)
        racing = Overtaken(memory, lambda: Catalogs(memory, FakeEncoder()).delete("shop"))
        with pytest.raises(NotFound, match="no catalog shop"):
            CatalogStore("shop", racing, FakeEncoder()).add_product("a", [picture(1)])

    def test_threads_lose_no_change(self, storage: Storage) -> None:
        store = new_store(storage)
        other = same_store(storage)

        def add(number: int) -> None:
            (store, other)[number % 2].add_product(f"p{number}", [picture(number)])

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(add, range(16)))
        snapshot = same_store(storage).snapshot()
        assert sorted(snapshot.products) == sorted(f"p{number}" for number in range(16))
        assert snapshot.index_version == 17


class Overtaken(MemoryStorage):
    """The same objects; just before a journal entry is written, somebody else writes one."""

    def __init__(self, shared: MemoryStorage, overtake: Callable[[], object] | None) -> None:
        super().__init__()
        self.objects = shared.objects
        self.overtake = overtake

    @override
    def put_if_absent(self, key: str, data: bytes) -> bool:
        if self.overtake is not None:
            overtake, self.overtake = self.overtake, None
            overtake()
        return super().put_if_absent(key, data)


class TestOtherNetworks:
    def test_a_catalog_of_other_networks_is_shown_but_does_not_answer(
        self, memory: MemoryStorage
    ) -> None:
        new_store(memory).add_product("a", [picture(1)])
        store = same_store(memory, FakeEncoder("2"))
        assert not store.has_encoder
        assert list(store.snapshot().products) == ["a"]
        sentence = "crop-1 is now crop-2.*catalog model shop --switch"
        for use in (
            lambda: store.snapshot().shortlist(embedding_of(pixels(1)), 5),
            lambda: store.snapshot().encoding(image_id(picture(1))),
            lambda: store.add_product("b", [picture(2)]),
            lambda: store.add_images("a", [picture(2)]),
        ):
            with pytest.raises(Conflict, match=sentence):
                use()

    def test_encoding_again_switches_to_the_new_networks(self, memory: MemoryStorage) -> None:
        old = new_store(memory)
        for number in range(3):
            old.add_product(f"p{number}", [picture(number), picture(number + 10)])
        old.add_product("gone", [picture(20)])
        old.remove_product("gone")
        encoder = FakeEncoder("2")
        store = same_store(memory, encoder)
        progress: list[tuple[int, int]] = []
        version = store.migration.switch(lambda done, total: progress.append((done, total)))
        assert progress == [(2, 6), (4, 6), (6, 6)]
        assert encoder.siblings == [0, 1] * 3
        assert store.has_encoder
        assert store.snapshot().index_version == version
        assert store.snapshot().shortlist(embedding_of(pixels(1)), 1)[0].product_id == "p1"
        store.restore_product("gone")
        assert store.snapshot().shortlist(embedding_of(pixels(20)), 1)[0].product_id == "gone"
        with pytest.raises(Conflict):
            old.snapshot().shortlist(embedding_of(pixels(1)), 1)

    def test_encoding_again_goes_on_where_it_was_stopped(self, memory: MemoryStorage) -> None:
        old = new_store(memory)
        for number in range(3):
            old.add_product(f"p{number}", [picture(number)])
        memory.refuses_after = 5  # one of them notes how far the journal goes
        with pytest.raises(StorageUnavailable):
            same_store(memory, FakeEncoder("2")).migration.switch()
        assert old.has_encoder
        memory.refuses_after = None
        encoder = FakeEncoder("2")
        same_store(memory, encoder).migration.switch()
        assert len(encoder.siblings) == 2

    def test_products_that_come_during_the_encoding_are_encoded_too(
        self, memory: MemoryStorage
    ) -> None:
        old = new_store(memory)
        old.add_product("a", [picture(1)])
        store = same_store(memory, FakeEncoder("2"))
        added: list[int] = []

        def add_one(done: int, total: int) -> None:
            if done == total == 1 and not added:
                added.append(old.add_product("late", [picture(2)]).index_version)

        store.migration.switch(add_one)
        assert store.snapshot().shortlist(embedding_of(pixels(2)), 1)[0].product_id == "late"

    def test_encoding_again_mends_missing_and_damaged_features(self, memory: MemoryStorage) -> None:
        store = new_store(memory)
        store.add_product("a", [picture(1)])
        store.add_product("b", [picture(2)])
        local, embedding = (
            next(k for k in memory.objects if f"/{part}/" in k and image_id(picture(seed)) in k)
            for part, seed in (("local", 1), ("embedding", 2))
        )
        del memory.objects[local]
        memory.objects[embedding] = b"damaged"
        with pytest.raises(CatalogError, match="damaged"):
            same_store(memory).snapshot().shortlist(embedding_of(pixels(1)), 1)
        version = same_store(memory).migration.switch()
        snapshot = same_store(memory).snapshot()
        assert snapshot.index_version == version == 3
        assert snapshot.shortlist(embedding_of(pixels(2)), 1)[0].product_id == "b"
        snapshot.encoding(image_id(picture(1)))


def test_a_catalog_is_read_as_it_was(memory: MemoryStorage) -> None:
    store = new_store(memory)
    store.add_product("tea", [picture(1)])
    first = store.update_product("tea", name="Tea").index_version
    store.remove_product("tea")
    assert store.at(first).products["tea"].name == "Tea"
    assert store.at(first - 1).products["tea"].name == "tea"
    assert store.snapshot().products == {}
    for never in (0, first + 2):
        with pytest.raises(NotFound):
            store.at(never)
