import pytest

from catalog.reconcile.report import FindingKind
from catalog.storage.base import Storage
from tests.catalog.support.fakes import (
    MemoryStorage,
    image_id,
    picture,
    same_store,
)
from tests.catalog.support.reconciling import counts, edit, filled, reconciler


class TestIncoming:
    def test_dropped_pictures_become_reference_images(self, storage: Storage) -> None:
        filled(storage)
        storage.put("shop/incoming/p0/IMG 7 (1).png", picture(7).data)
        storage.put("shop/incoming/new/front.png", picture(8).data)
        report = reconciler(storage).sync()
        assert counts(report) == {FindingKind.TAKEN_IN: 2}
        products = same_store(storage).snapshot().products
        assert [image.image_id for image in products["p0"].images][1] == image_id(picture(7))
        assert [image.image_id for image in products["new"].images] == [image_id(picture(8))]
        assert storage.list("shop/incoming/") == ()
        assert reconciler(storage).sync().findings == ()

    def test_a_dry_run_changes_nothing(self, memory: MemoryStorage) -> None:
        filled(memory)
        memory.put("shop/incoming/p0/7.png", picture(7).data)
        edit(memory, "p1", name="Rice")
        before = dict(memory.objects)
        assert counts(reconciler(memory).reconcile(dry_run=True)) == {FindingKind.TAKEN_IN: 2}
        assert memory.objects == before

    def test_a_picture_that_cannot_be_read_stays_and_is_named(self, memory: MemoryStorage) -> None:
        filled(memory)
        memory.put("shop/incoming/new/bad.png", picture(8).data[:40])
        memory.put("shop/incoming/new/good.png", picture(9).data)
        report = reconciler(memory).sync()
        assert counts(report) == {FindingKind.TAKEN_IN: 1, FindingKind.PROBLEM: 1}
        assert memory.list("shop/incoming/") == ("shop/incoming/new/bad.png",)
        assert len(same_store(memory).product("new").images) == 1

    @pytest.mark.parametrize("key", ["shop/incoming/stray.png", "shop/incoming/ä b/1.png"])
    def test_a_picture_in_no_products_folder_is_named(
        self, memory: MemoryStorage, key: str
    ) -> None:
        filled(memory)
        memory.put(key, picture(8).data)
        report = reconciler(memory).sync()
        assert [(finding.kind, finding.subject) for finding in report.findings] == [
            (FindingKind.PROBLEM, key)
        ]

    def test_what_was_taken_in_before_a_crash_is_only_cleared_away(
        self, memory: MemoryStorage
    ) -> None:
        store = filled(memory)
        memory.put("shop/incoming/p0/again.png", picture(0).data)
        version = store.state().sequence
        reconciler(memory).sync()
        assert memory.list("shop/incoming/") == ()
        assert store.state().sequence == version

    def test_texts_written_by_hand_go_with_dropped_pictures(self, memory: MemoryStorage) -> None:
        filled(memory)
        text = b'{"product": {"name": "Oat milk", "attributes": {"price": 2}}}'
        memory.put("shop/products/oat.json", text)
        report = reconciler(memory).sync()
        assert counts(report) == {FindingKind.PROBLEM: 1}
        memory.put("shop/incoming/oat/1.png", picture(9).data)
        reconciler(memory).sync()
        product = same_store(memory).product("oat")
        assert (product.name, product.attributes) == ("Oat milk", (("price", 2.0),))
        assert reconciler(memory).reconcile().findings == ()
