import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from typing_extensions import override

from catalog.errors import NotFound
from catalog.ingest.image_file import ImageFile
from catalog.reconcile.orphans import OrphanCollector
from catalog.reconcile.report import FindingKind
from catalog.storage.base import StoredObject
from tests.catalog.support.fakes import (
    MemoryStorage,
    image_id,
    picture,
    same_store,
)
from tests.catalog.support.reconciling import GRACE, ManualClock, counts, filled, reconciler


class TestOrphans:
    def test_they_are_collected_in_two_passes_with_a_grace(self, memory: MemoryStorage) -> None:
        store, clock = filled(memory), ManualClock()
        memory.put(f"shop/images/{'ab' * 32}.png", b"orphan")
        memory.put(f"shop/features/crop/crop-0/{'ab' * 32}.safetensors", b"orphan")
        before = set(memory.objects)
        assert counts(reconciler(memory, clock).reconcile()) == {FindingKind.WAITING: 2}
        clock.seconds += GRACE - 1
        assert counts(reconciler(memory, clock).reconcile()) == {FindingKind.WAITING: 2}
        clock.seconds += 2
        assert counts(reconciler(memory, clock).reconcile()) == {FindingKind.COLLECTED: 2}
        assert before - set(memory.objects) == {
            f"shop/images/{'ab' * 32}.png",
            f"shop/features/crop/crop-0/{'ab' * 32}.safetensors",
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


def test_putting_an_orphan_back_holds_up_no_reader(memory: MemoryStorage) -> None:
    store = filled(memory)
    held: list[int] = []

    def add() -> None:
        same_store(memory).add_product("late", [picture(7)])

    class PuttingBack(Deleting):
        @override
        def put(self, key: str, data: bytes) -> None:
            with ThreadPoolExecutor(1) as pool:
                held.append(pool.submit(store.state).result(5).sequence)
            super().put(key, data)

    orphans = OrphanCollector(PuttingBack(memory, add), store.commit_log, grace_seconds=0.0)
    assert orphans.collect(orphaned(memory, picture(7))) == []
    assert held == [store.state().sequence - 1]
