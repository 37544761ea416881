"""Writers are killed (-9) or stopped at any step of their work, in a folder and in buckets."""

import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typing_extensions import override

from catalog.journal.entries import ProductRemoved, ProductWritten
from catalog.journal.journal import Journal
from catalog.reconcile.reconciler import Reconciler
from catalog.records.product import Product
from catalog.storage.base import Storage
from catalog.storage.folder import FolderStorage
from catalog.storage.s3 import S3Options, S3Storage
from catalog.store import CatalogStore
from tests.catalog.resilience.test_crash import check_whole
from tests.catalog.support.buckets import fresh
from tests.catalog.support.dying import Steps, ended, forked
from tests.catalog.support.fakes import FakeEncoder, new_store, picture, same_store

Open = Callable[[], Storage]
# Calls of a storage that a write takes, at most.
STEPS = {"add": 24, "images": 16, "update": 6, "remove": 6}


def reopening(storage: FolderStorage | S3Storage) -> Open:
    """The same storage with connections of its own, as another process has them."""
    if isinstance(storage, FolderStorage):
        return lambda: FolderStorage(storage.root, durable=False)
    return lambda: S3Storage(storage.options)


@dataclass
class Killing:
    """A catalog whose writers are killed.

    Attributes:
        open: its storage, anew.
        watch: the catalog as a process sees it that lives on.
        random: what to do and when to kill.
        longest_seconds: how long a write may go on before it is killed.
        outcomes: how many kills left the old state and how many the new one.
    """

    open: Open
    watch: CatalogStore
    random: random.Random
    longest_seconds: float
    outcomes: dict[str, int] = field(default_factory=lambda: {"old": 0, "new": 0, "not killed": 0})

    def kill_one(self, number: int) -> None:
        before = self.watch.state()
        kind, product_id, act = self._choose(number, before.products)
        by_step = self.random.random() < 0.5
        step = self.random.randrange(2 * STEPS[kind])
        seconds = self.random.uniform(0.0, self.longest_seconds)

        def act_and_die() -> None:
            steps = Steps(self.open())
            store = same_store(steps)
            if by_step:
                steps.die_at(step)
            else:
                threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()
            act(store)

        killed = ended(forked(act_and_die))
        after = self.watch.state()
        others = {k: v for k, v in after.products.items() if k != product_id}
        assert others == {k: v for k, v in before.products.items() if k != product_id}
        if after.sequence == before.sequence:
            assert after == before
            assert killed
            self.outcomes["old"] += 1
            return
        assert after.sequence == before.sequence + 1
        entry = Journal(self.open(), "shop").read(after.sequence)
        assert entry is not None
        (change,) = entry.changes
        assert isinstance(change, ProductWritten | ProductRemoved)
        assert change.product.product_id == product_id
        self._check_product(after.products.get(product_id))
        self.outcomes["new" if killed else "not killed"] += 1

    def _choose(
        self, number: int, products: Mapping[str, Product]
    ) -> tuple[str, str, Callable[[CatalogStore], object]]:
        live = sorted(products)
        kind = self.random.choice(list(STEPS))
        if kind == "add" or not live:
            pictures = [picture(10_000 + number), picture(20_000 + number)]
            return "add", f"n{number}", lambda store: store.add_product(f"n{number}", pictures)
        chosen = self.random.choice(live)
        if kind == "images":
            more = [picture(30_000 + number)]
            return kind, chosen, lambda store: store.add_images(chosen, more)
        if kind == "update":
            return kind, chosen, lambda store: store.update_product(chosen, name=f"name {number}")
        return kind, chosen, lambda store: store.remove_product(chosen)

    def _check_product(self, product: Product | None) -> None:
        snapshot = self.watch.snapshot()
        for image in product.images if product else ():
            snapshot.picture(image.image_id)
            snapshot.encoding(image.image_id)


def check_orphans_go(open_storage: Open, grace: float) -> int:
    """Reconcile twice, a grace apart; how many objects were removed."""
    first = Reconciler(same_store(open_storage()), open_storage(), grace_seconds=grace).reconcile()
    waiting = {finding.subject for finding in first.findings if finding.kind == "waiting"}
    time.sleep(grace + 1.1)  # a listing may give whole seconds
    second = Reconciler(same_store(open_storage()), open_storage(), grace_seconds=grace).reconcile()
    assert {
        finding.subject for finding in second.findings if finding.kind == "collected"
    } == waiting
    third = Reconciler(same_store(open_storage()), open_storage(), grace_seconds=grace).reconcile()
    assert third.findings == ()
    check_whole(same_store(open_storage()).snapshot())
    return len(waiting)


def kill_many(storage: FolderStorage | S3Storage, kills: int, seed: int) -> None:
    open_storage = reopening(storage)
    new_store(open_storage()).add_product("first", [picture(1)])
    longest_seconds = 0.012 if isinstance(storage, FolderStorage) else 0.15
    killing = Killing(
        open_storage, same_store(open_storage()), random.Random(seed), longest_seconds
    )
    number = 0
    while killing.outcomes["old"] + killing.outcomes["new"] < kills:
        killing.kill_one(number)
        number += 1
    orphans = check_orphans_go(open_storage, 0.5)
    sys.stdout.write(
        f"\n{kills} kills in {type(storage).__name__}: {killing.outcomes}; "
        f"{orphans} orphans collected; everything referred to is there\n"
    )


def test_a_few_kills_in_a_folder(tmp_path: Path) -> None:
    kill_many(FolderStorage(tmp_path / "data", durable=False), 16, 1)


@pytest.mark.timeout(300)
def test_a_few_kills_in_a_bucket(moto: S3Options) -> None:
    kill_many(fresh(moto), 12, 4)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_many_kills_in_a_folder(tmp_path: Path) -> None:
    kill_many(FolderStorage(tmp_path / "data", durable=False), 400, 2)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_many_kills_in_a_bucket(ceph: S3Options) -> None:
    kill_many(fresh(ceph), 240, 3)


class StopsBeforeItsEntry(Steps):
    """Stops its process (SIGSTOP) before the first journal entry that it writes."""

    def __init__(self, storage: Storage) -> None:
        super().__init__(storage)
        self._stopped = False

    @override
    def put_if_absent(self, key: str, data: bytes) -> bool:
        if not self._stopped:
            self._stopped = True
            os.kill(os.getpid(), signal.SIGSTOP)
        return super().put_if_absent(key, data)


def stopped_writer(open_storage: Open, product_id: str, seed: int) -> int:
    """A process that has uploaded a product and was stopped before committing it."""

    def act() -> None:
        store = same_store(StopsBeforeItsEntry(open_storage()))
        store.add_product(product_id, [picture(seed)])

    child = forked(act)
    _, status = os.waitpid(child, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    return child


@pytest.fixture(params=["folder", "ceph"])
def real(request: pytest.FixtureRequest, tmp_path: Path) -> FolderStorage | S3Storage:
    if request.param == "folder":
        return FolderStorage(tmp_path / "data", durable=False)
    return fresh(request.getfixturevalue("ceph"))


def test_a_stopped_writer_that_wakes_behind_a_snapshot_does_not_fork_history(
    real: FolderStorage | S3Storage,
) -> None:
    open_storage = reopening(real)
    new_store(open_storage())
    child = stopped_writer(open_storage, "late", 500)
    store = same_store(open_storage())
    for number in range(3):
        store.add_product(f"p{number}", [picture(number)])
    for number in range(70):
        store.update_product("p0", name=f"name {number}")
    assert store.commit_log.last_seen.sequence == 74
    snapshots = open_storage().list("shop/snapshots/")
    assert snapshots
    os.kill(child, signal.SIGCONT)
    assert not ended(child)
    for key in (None, *snapshots):  # with the snapshot objects, and from the journal alone
        if key is not None:
            open_storage().delete(key)
        state = same_store(open_storage()).state()
        assert state.sequence == 75
        assert list(state.products) == ["p0", "p1", "p2", "late"]
        assert state.products["p0"].name == "name 69"
    entries = list(Journal(open_storage(), "shop").after(0))
    assert [entry.sequence for entry in entries] == list(range(1, 76))


def test_orphans_are_collected_beside_a_stopped_writer_which_then_loses_nothing(
    real: FolderStorage | S3Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "catalog.ingest.upload._MARGIN_SECONDS", -9.0
    )  # waits a second, not fifteen
    open_storage = reopening(real)
    new_store(open_storage()).add_product("first", [picture(1)])
    child = stopped_writer(open_storage, "late", 500)
    assert check_orphans_go(open_storage, 0.1) == 4
    os.kill(child, signal.SIGCONT)
    assert not ended(child)
    snapshot = same_store(open_storage(), FakeEncoder()).snapshot()
    assert list(snapshot.products) == ["first", "late"]
    check_whole(snapshot)
