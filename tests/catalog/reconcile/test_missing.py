import pytest
from typing_extensions import override

from catalog.reconcile.reconciler import is_mass_loss
from catalog.reconcile.report import FindingKind
from catalog.storage.base import Storage, StoredObject
from tests.catalog.support.fakes import (
    MemoryStorage,
    image_id,
    picture,
)
from tests.catalog.support.reconciling import counts, filled, reconciler


class TestDeletions:
    def test_a_copy_deleted_by_hand_removes_the_product(self, storage: Storage) -> None:
        store = filled(storage)
        reconciler(storage).reconcile()
        storage.delete("shop/products/p0.json")
        assert counts(reconciler(storage).reconcile()) == {FindingKind.REMOVED: 1}
        assert list(store.snapshot().products) == ["p1"]
        store.restore_product("p0")
        assert "p0" in store.snapshot().products

    def test_a_copy_missing_in_a_revision_never_seen_is_no_deletion(
        self, memory: MemoryStorage
    ) -> None:
        store = filled(memory)
        reconciler(memory).reconcile()
        store.update_product("p0", name="newer")
        memory.delete("shop/products/p0.json")
        assert counts(reconciler(memory).reconcile()) == {FindingKind.MENDED: 1}

    def test_a_picture_deleted_by_hand_is_taken_away(self, memory: MemoryStorage) -> None:
        store = filled(memory)
        store.add_images("p0", [picture(5)])
        memory.delete(f"shop/images/{image_id(picture(0))}.png")
        memory.delete(f"shop/images/{image_id(picture(1))}.png")
        assert counts(reconciler(memory).reconcile()) == {
            FindingKind.REMOVED: 2,
            FindingKind.WAITING: 3,
        }
        products = store.snapshot().products
        assert [image.image_id for image in products["p0"].images] == [image_id(picture(5))]
        assert "p1" not in products

    def test_a_picture_replaced_by_hand_is_taken_in_under_its_own_name(
        self, memory: MemoryStorage
    ) -> None:
        store = filled(memory)
        memory.put(f"shop/images/{image_id(picture(0))}.png", picture(5).data)
        assert reconciler(memory).reconcile().count(FindingKind.TAKEN_IN) == 1
        assert [image.image_id for image in store.product("p0").images] == [image_id(picture(5))]
        assert store.snapshot().picture(image_id(picture(5))) == picture(5).data

    def test_a_picture_damaged_by_hand_is_named(self, memory: MemoryStorage) -> None:
        store = filled(memory)
        memory.put(f"shop/images/{image_id(picture(0))}.png", b"no picture")
        assert counts(reconciler(memory).reconcile()) == {FindingKind.PROBLEM: 1}
        assert len(store.snapshot().products) == 2

    def test_features_deleted_by_hand_are_made_again(self, memory: MemoryStorage) -> None:
        store = filled(memory)
        memory.delete(memory.list("shop/features/")[0])
        assert counts(reconciler(memory).reconcile()) == {FindingKind.MENDED: 1}
        for number in range(2):
            store.snapshot().encoding(image_id(picture(number)))

    def test_a_mass_disappearance_is_held_back_until_it_is_confirmed(
        self, memory: MemoryStorage
    ) -> None:
        store = filled(memory, 20)
        reconciler(memory).reconcile()
        for number in range(11):
            memory.delete(f"shop/products/p{number}.json")
        for _ in range(2):
            report = reconciler(memory).reconcile()
            assert counts(report) == {FindingKind.HELD_BACK: 11}
            assert len(store.snapshot().products) == 20
        assert counts(reconciler(memory).reconcile(accept_loss=True)) == {FindingKind.REMOVED: 11}
        assert len(store.snapshot().products) == 9

    def test_what_counts_as_mass(self) -> None:
        assert not is_mass_loss(10, 10)
        assert not is_mass_loss(11, 200)
        assert is_mass_loss(11, 20)
        assert is_mass_loss(21, 200)
        assert not is_mass_loss(0, 0)


class Forgetful(MemoryStorage):
    """Its listings leave out a share of the keys; the objects are there."""

    def __init__(self, shared: MemoryStorage, kept: int) -> None:
        super().__init__()
        self.objects = shared.objects
        self.kept = kept

    @override
    def details(self, prefix: str) -> tuple[StoredObject, ...]:
        return super().details(prefix)[: self.kept]


@pytest.mark.parametrize("kept", [0, 3])
def test_an_empty_or_half_listing_removes_nothing(memory: MemoryStorage, kept: int) -> None:
    store = filled(memory, 6)
    reconciler(memory).reconcile()
    objects = {key: data for key, data in memory.objects.items() if "reconcile" not in key}
    report = reconciler(Forgetful(memory, kept)).reconcile()
    assert report.count(FindingKind.REMOVED) == report.count(FindingKind.COLLECTED) == 0
    assert len(store.snapshot().products) == 6
    assert {key: memory.objects[key] for key in objects} == objects
