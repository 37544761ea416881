import json
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from typing_extensions import override

from catalog.errors import Invalid, NotFound
from catalog.ingest.image_file import ImageFile
from catalog.reconcile.orphans import OrphanCollector
from catalog.reconcile.reconciler import Reconciler, is_mass_loss
from catalog.reconcile.report import FindingKind, Report
from catalog.registry import Catalogs
from catalog.storage.base import Storage, StoredObject
from catalog.store import CatalogStore
from tests.catalog.support.fakes import (
    FakeEncoder,
    MemoryStorage,
    image_id,
    new_store,
    picture,
    same_store,
)

GRACE = 100.0


class ManualClock:
    def __init__(self) -> None:
        self.seconds = 2e9

    def __call__(self) -> float:
        return self.seconds


def reconciler(storage: Storage, clock: ManualClock | None = None) -> Reconciler:
    return Reconciler(
        same_store(storage), storage, grace_seconds=GRACE, clock=clock or ManualClock()
    )


def filled(storage: Storage, products: int = 2) -> CatalogStore:
    store = new_store(storage)
    for number in range(products):
        store.add_product(f"p{number}", [picture(number)])
    return store


def edit(storage: Storage, product_id: str, **fields: Any) -> None:
    key = f"shop/products/{product_id}.json"
    record = json.loads(storage.get(key))
    record["product"].update(fields)
    storage.put(key, json.dumps(record).encode())


def counts(report: Report) -> dict[FindingKind, int]:
    return {kind: report.count(kind) for kind in FindingKind if report.count(kind)}


def test_nothing_is_found_in_a_catalog_that_nobody_touched(memory: MemoryStorage) -> None:
    store = filled(memory)
    for _ in range(2):
        report = reconciler(memory).reconcile()
        assert report.findings == ()
        assert report.drift == 0.0
        assert report.index_version == store.state().sequence


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


class TestOrphans:
    def test_they_are_collected_in_two_passes_with_a_grace(self, memory: MemoryStorage) -> None:
        store, clock = filled(memory), ManualClock()
        memory.put("shop/images/abc.png", b"orphan")
        memory.put("shop/features/crop/crop-0/abc.safetensors", b"orphan")
        before = set(memory.objects)
        assert counts(reconciler(memory, clock).reconcile()) == {FindingKind.WAITING: 2}
        clock.seconds += GRACE - 1
        assert counts(reconciler(memory, clock).reconcile()) == {FindingKind.WAITING: 2}
        clock.seconds += 2
        assert counts(reconciler(memory, clock).reconcile()) == {FindingKind.COLLECTED: 2}
        assert before - set(memory.objects) == {
            "shop/images/abc.png",
            "shop/features/crop/crop-0/abc.safetensors",
        }
        assert reconciler(memory, clock).reconcile().findings == ()
        assert store.snapshot().index_version == 5

    def test_removed_products_keep_their_pictures_while_they_can_be_restored(
        self, memory: MemoryStorage
    ) -> None:
        store, clock = filled(memory), ManualClock()
        store.remove_product("p0")
        for _ in range(2):
            assert reconciler(memory, clock).reconcile().findings == ()
            clock.seconds += 2 * GRACE
        store.restore_product("p0")
        assert store.snapshot().picture(image_id(picture(0))) == picture(0).data

    def test_after_the_restore_window_they_go_and_restoring_is_refused(
        self, memory: MemoryStorage
    ) -> None:
        store, clock = filled(memory), ManualClock()
        store.remove_product("p0")
        key = memory.list("shop/journal/")[-1]
        record = json.loads(memory.get(key))
        record["changes"][0]["product"]["updated_at"] = "2020-01-01T00:00:00+00:00"
        memory.put(key, json.dumps(record).encode())
        reconciler(memory, clock).reconcile()
        clock.seconds += 2 * GRACE
        assert counts(reconciler(memory, clock).reconcile()) == {FindingKind.COLLECTED: 4}
        with pytest.raises(NotFound, match="30 days ago"):
            same_store(memory).restore_product("p0")
        same_store(memory).add_product("p0", [picture(0)])
        assert same_store(memory).product("p0").revision == 3

    def test_an_orphan_that_is_referred_to_meanwhile_stays(self, memory: MemoryStorage) -> None:
        store = filled(memory)
        memory.put(f"shop/images/{image_id(picture(7))}.png", picture(7).data)
        orphans = OrphanCollector(memory, store.commit_log, grace_seconds=0.0)
        due = [
            stored
            for stored in memory.details("shop/images/")
            if image_id(picture(7)) in stored.key
        ]
        store.add_product("seven", [picture(7)])
        assert orphans.collect(due) == []
        assert store.snapshot().picture(image_id(picture(7))) == picture(7).data

    def test_a_writer_stalled_between_upload_and_commit_uploads_again(
        self, memory: MemoryStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        filled(memory)
        monkeypatch.setattr("catalog.ingest.upload.COLLECTING_SECONDS", 0.0)
        monkeypatch.setattr("catalog.ingest.upload._MARGIN_SECONDS", 0.0)

        def collect_everything() -> None:
            orphans = OrphanCollector(memory, same_store(memory).commit_log, grace_seconds=0.0)
            unused = [
                replace(stored, modified=0.0)
                for stored in memory.details("shop/")
                if image_id(picture(7)) in stored.key
            ]
            assert len(orphans.collect(unused)) == 4

        late = Late(memory, collect_everything)
        same_store(late).add_product("late", [picture(7)])
        snapshot = same_store(memory).snapshot()
        assert snapshot.picture(image_id(picture(7))) == picture(7).data
        snapshot.encoding(image_id(picture(7)))

    def test_a_picture_that_is_taken_in_while_its_orphan_is_removed_is_put_back(
        self, memory: MemoryStorage
    ) -> None:
        store = filled(memory)

        def add() -> None:
            same_store(memory).add_product("late", [picture(7)])

        collector = Deleting(memory, add)
        orphans = OrphanCollector(collector, store.commit_log, grace_seconds=0.0)
        assert orphans.collect(orphaned(memory, picture(7))) == []
        snapshot = same_store(memory).snapshot()
        assert snapshot.picture(image_id(picture(7))) == picture(7).data
        assert counts(reconciler(memory).reconcile()) == {}

    def test_a_writer_that_uploads_while_its_orphan_is_removed_and_commits_later_uploads_again(
        self, memory: MemoryStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = filled(memory)
        monkeypatch.setattr("catalog.ingest.upload.COLLECTING_SECONDS", 0.0)
        monkeypatch.setattr("catalog.ingest.upload._MARGIN_SECONDS", 0.0)
        begun, over = threading.Event(), threading.Event()

        def pause() -> None:
            begun.set()
            assert over.wait(10)

        writer = threading.Thread(
            target=lambda: same_store(Late(memory, pause)).add_product("late", [picture(7)])
        )

        def upload() -> None:
            writer.start()
            assert begun.wait(10)

        collector = Deleting(memory, upload)
        orphans = OrphanCollector(collector, store.commit_log, grace_seconds=0.0)
        assert len(orphans.collect(orphaned(memory, picture(7)))) == 1
        over.set()
        writer.join()
        snapshot = same_store(memory).snapshot()
        assert snapshot.picture(image_id(picture(7))) == picture(7).data


def orphaned(memory: MemoryStorage, named: ImageFile) -> list[StoredObject]:
    """A picture that lies there since long ago and belongs to nothing."""
    memory.put(f"shop/images/{image_id(named)}.png", named.data)
    return [stored for stored in memory.details("shop/images/") if image_id(named) in stored.key]


class Deleting(MemoryStorage):
    """Something happens between a collector's look at an object and its removal."""

    def __init__(self, shared: MemoryStorage, happening: Callable[[], None]) -> None:
        super().__init__()
        self.objects = shared.objects
        self.happening: Callable[[], None] | None = happening

    @override
    def delete(self, key: str) -> None:
        happening, self.happening = self.happening, None
        if happening:
            happening()
        super().delete(key)


class Late(MemoryStorage):
    """Something happens between a writer's upload and its entry."""

    def __init__(self, shared: MemoryStorage, happening: Any) -> None:
        super().__init__()
        self.objects = shared.objects
        self.happening = happening

    @override
    def put_if_absent(self, key: str, data: bytes) -> bool:
        happening, self.happening = self.happening, None
        if happening:
            happening()
        return super().put_if_absent(key, data)


def test_reconciling_a_catalog_that_is_not_there_is_refused(memory: MemoryStorage) -> None:
    catalogs = Catalogs(memory, FakeEncoder())
    with pytest.raises(NotFound):
        catalogs.reconciler("shop")
    with pytest.raises(Invalid):
        catalogs.reconciler("../shop")


def test_a_damaged_memory_costs_a_pass_and_nothing_else(memory: MemoryStorage) -> None:
    filled(memory)
    for text in (b"", b"{}", b'{"format": 9}', b'{"format": 1, "copies": {"a": 3}}'):
        memory.put("shop/reconcile.json", text)
        assert reconciler(memory).reconcile().findings == ()
