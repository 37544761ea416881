import json

import pytest

from catalog.reconcile.report import FindingKind
from tests.catalog.support.fakes import (
    MemoryStorage,
    image_id,
    picture,
    same_store,
)
from tests.catalog.support.reconciling import counts, edit, filled, reconciler


class TestHandEdits:
    def test_an_edited_copy_is_taken_in(self, memory: MemoryStorage) -> None:
        filled(memory)
        edit(memory, "p0", name="Rice", description="1 kg", attributes={"tags": ["a", "b"]})
        assert counts(reconciler(memory).sync()) == {FindingKind.TAKEN_IN: 1}
        product = same_store(memory).product("p0")
        assert (product.name, product.description) == ("Rice", "1 kg")
        assert product.attributes == (("tags", ("a", "b")),)
        assert product.revision == 2
        assert reconciler(memory).sync().findings == ()

    def test_an_edit_of_an_older_revision_keeps_what_was_changed_since(
        self, memory: MemoryStorage
    ) -> None:
        store = filled(memory)
        old = memory.get("shop/products/p0.json")
        store.update_product("p0", description="changed since")
        memory.put("shop/products/p0.json", old)
        edit(memory, "p0", name="Rice")
        reconciler(memory).sync()
        product = store.product("p0")
        assert (product.name, product.description) == ("Rice", "changed since")

    def test_a_field_that_both_changed_stays_as_the_catalog_has_it(
        self, memory: MemoryStorage
    ) -> None:
        store = filled(memory)
        old = memory.get("shop/products/p0.json")
        store.update_product("p0", name="ours")
        memory.put("shop/products/p0.json", old)
        edit(memory, "p0", name="theirs")
        report = reconciler(memory).sync()
        assert report.count(FindingKind.PROBLEM) == 1
        assert store.product("p0").name == "ours"
        assert reconciler(memory).sync().findings == ()

    def test_a_picture_taken_out_of_the_list_is_removed(self, memory: MemoryStorage) -> None:
        store = filled(memory)
        store.add_images("p0", [picture(5)])
        record = json.loads(memory.get("shop/products/p0.json"))
        edit(memory, "p0", images=record["product"]["images"][1:])
        reconciler(memory).sync()
        assert [image.image_id for image in store.product("p0").images] == [image_id(picture(5))]

    @pytest.mark.parametrize(
        "text", [b"", b"{", b"[]", b'{"product": 3}', b'{"product": {"name": 3}}']
    )
    def test_a_copy_that_cannot_be_understood_is_named(
        self, memory: MemoryStorage, text: bytes
    ) -> None:
        filled(memory)
        memory.put("shop/products/p0.json", text)
        report = reconciler(memory).sync()
        assert [(finding.kind, finding.subject) for finding in report.findings] == [
            (FindingKind.PROBLEM, "p0")
        ]

    def test_an_edit_that_breaks_a_rule_is_named(self, memory: MemoryStorage) -> None:
        filled(memory)
        edit(memory, "p0", name="x" * 301)
        report = reconciler(memory).sync()
        assert report.count(FindingKind.PROBLEM) == 1
        assert "at most 300" in report.findings[0].sentence

    def test_a_stale_or_missing_copy_is_written_again(self, memory: MemoryStorage) -> None:
        store = filled(memory)
        old = memory.get("shop/products/p0.json")
        store.update_product("p0", name="newer")
        newer = memory.get("shop/products/p0.json")
        memory.put("shop/products/p0.json", old)
        memory.delete("shop/products/p1.json")  # never seen by a reconciliation
        assert counts(reconciler(memory).reconcile()) == {FindingKind.MENDED: 2}
        assert memory.get("shop/products/p0.json") == newer
        assert list(store.snapshot().products) == ["p0", "p1"]
        assert reconciler(memory).reconcile().findings == ()
