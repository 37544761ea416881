"""A catalog whose S3 server misbehaves."""

import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from catalog.errors import CatalogError, StorageUnavailable, Undetermined
from catalog.follower import Follower
from catalog.journal.entries import ProductWritten
from catalog.journal.journal import Journal
from catalog.reconcile.reconciler import Reconciler
from catalog.reconcile.report import FindingKind
from catalog.storage.s3 import S3Options, S3Storage
from catalog.store import CatalogStore
from tests.catalog.resilience.test_crash import check_whole
from tests.catalog.support.buckets import fresh
from tests.catalog.support.fakes import embedding_of, new_store, picture, pixels, same_store
from tests.catalog.support.faulty_proxy import LATE_SECONDS, Fault, Proxy, proxied

ENTRY = "^PUT .*/journal/000000000003"
OUTAGES = [Fault.REFUSED, Fault.DROPPED, Fault.BUSY, Fault.HANGS]


class Bad:
    """A catalog that is reached directly, and through a proxy."""

    def __init__(self, direct: S3Storage, proxy: Proxy) -> None:
        self.direct = direct
        self.proxy = proxy
        self.through = S3Storage(replace(proxy.options, prefix=direct.options.prefix))
        new_store(direct).add_product("p0", [picture(0)])

    def store(self) -> CatalogStore:
        return same_store(self.through)

    def journal(self) -> list[str]:
        entries = Journal(self.direct, "shop").after(0)
        changes = (change for entry in entries for change in entry.changes)
        return [c.product.product_id for c in changes if isinstance(c, ProductWritten)]


@pytest.fixture
def bad(moto: S3Options) -> Iterator[Bad]:
    with proxied(moto) as proxy:
        yield Bad(fresh(moto), proxy)


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


@pytest.mark.parametrize("fault", OUTAGES)
def test_readers_keep_their_snapshot_in_an_outage_and_recover_by_themselves(
    bad: Bad, fault: Fault
) -> None:
    with Follower(bad.store(), poll_seconds=0.1) as follower:
        assert not follower.health.degraded
        with bad.proxy.during(fault):
            eventually(lambda: follower.health.degraded)
            assert follower.health.reason
            started = time.monotonic()
            near = follower.catalog().shortlist(embedding_of(pixels(0)), 1)
            assert near[0].product_id == "p0"
            assert time.monotonic() - started < 0.3
            same_store(bad.direct).add_product("p1", [picture(1)])
        eventually(lambda: "p1" in follower.catalog().products)
        eventually(lambda: not follower.health.degraded)
        assert follower.catalog().shortlist(embedding_of(pixels(1)), 1)[0].product_id == "p1"


@pytest.mark.parametrize("fault", OUTAGES)
def test_a_change_in_an_outage_is_refused_in_one_sentence_and_not_made(
    bad: Bad, fault: Fault
) -> None:
    store = bad.store()
    store.snapshot().warm_up()
    with bad.proxy.during(fault), pytest.raises(StorageUnavailable, match=r"^cannot \w+ s3://"):
        store.add_product("p1", [picture(1)])
    assert bad.journal() == ["p0"]
    store.add_product("p1", [picture(1)])
    check_whole(same_store(bad.direct).snapshot())


def test_a_slow_server_is_waited_for(bad: Bad) -> None:
    with bad.proxy.during(Fault.SLOW):
        bad.store().update_product("p0", name="slow")
    assert same_store(bad.direct).product("p0").name == "slow"


@pytest.mark.parametrize("fault", [Fault.DROPPED, Fault.BUSY, Fault.HANGS, Fault.LATE_PUT])
def test_an_entry_that_was_not_answered_is_settled_and_made_once(bad: Bad, fault: Fault) -> None:
    store = bad.store()
    store.state()
    done: list[int] = []

    def write() -> None:
        done.append(store.update_product("p0", name="new").index_version)

    writer = threading.Thread(target=write)
    with bad.proxy.during(fault, ENTRY):
        writer.start()
        time.sleep(2.5)
    writer.join()
    assert done == [3]
    assert bad.journal() == ["p0", "p0"]


def test_a_late_entry_whose_number_another_took_is_not_made_twice(bad: Bad) -> None:
    store = bad.store()
    store.state()
    writer = threading.Thread(target=lambda: store.update_product("p0", name="late"))
    with bad.proxy.during(Fault.LATE_PUT, ENTRY):
        writer.start()
        time.sleep(0.3)
        same_store(bad.direct).add_product("p1", [picture(1)])
    writer.join()
    time.sleep(LATE_SECONDS)  # what was held back arrives
    assert bad.journal() == ["p0", "p1", "p0"]
    assert same_store(bad.direct).product("p0").name == "late"


def test_what_stays_unanswered_is_undetermined_and_not_failed(bad: Bad) -> None:
    store = bad.store()
    store.state()
    hangs = bad.proxy.during(Fault.HANGS, ENTRY)
    with hangs, pytest.raises(Undetermined, match="look at it before you try again"):
        store.update_product("p0", name="new")
    assert len(bad.journal()) in (1, 2)
    check_whole(bad.store().snapshot())


def test_an_answer_that_breaks_off_is_a_fault_and_no_shorter_object(bad: Bad) -> None:
    store = bad.store()
    with bad.proxy.during(Fault.CUT_OFF):
        with pytest.raises(StorageUnavailable, match=r"broke off|out of order"):
            bad.store()
        with pytest.raises(StorageUnavailable, match="broke off"):
            store.snapshot().picture(next(iter(store.product("p0").images)).image_id)


@pytest.mark.parametrize("fault", [Fault.EMPTY_LISTING, Fault.HALF_LISTING])
def test_a_listing_that_leaves_things_out_removes_nothing(bad: Bad, fault: Fault) -> None:
    store = same_store(bad.direct)
    for number in range(1, 5):
        store.add_product(f"p{number}", [picture(number)])

    def reconcile() -> dict[FindingKind, int]:
        report = Reconciler(bad.store(), bad.through, grace_seconds=0.0).reconcile()
        return {kind: report.count(kind) for kind in FindingKind if report.count(kind)}

    assert reconcile() == {}
    with bad.proxy.during(fault):
        for _ in range(2):
            counts = reconcile()
            assert FindingKind.REMOVED not in counts
            assert FindingKind.COLLECTED not in counts
    assert len(store.snapshot().products) == 5
    check_whole(store.snapshot())
    assert reconcile() == {}


class Writer:
    """Adds products one after the other and notes what became of each."""

    def __init__(self, bad: Bad, name: str) -> None:
        self.outcomes: dict[str, str] = {}
        self._store = bad.store()
        self._name = name
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Writer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._stopped.is_set():
            product_id = f"{self._name}-{number}"
            try:
                self._store.add_product(product_id, [picture(100 + number % 40)])
                self.outcomes[product_id] = "done"
            except Undetermined:
                self.outcomes[product_id] = "undetermined"
            except StorageUnavailable:
                self.outcomes[product_id] = "failed"
            number += 1


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_two_minutes_of_all_faults_in_turn(ceph: S3Options) -> None:
    rng = random.Random(4)
    with proxied(ceph) as proxy, ExitStack() as stack:
        bad = Bad(fresh(ceph), proxy)
        follower = stack.enter_context(Follower(bad.store(), poll_seconds=0.2))
        writers = [stack.enter_context(Writer(bad, name)) for name in ("a", "b")]
        degraded, removed, slowest = 0, 0, 0.0
        deadline = time.monotonic() + 120
        concerns = ["", "/journal/", "^PUT .*/journal/"]
        while time.monotonic() < deadline:
            with proxy.during(rng.choice(list(Fault)), rng.choice(concerns)):
                until = time.monotonic() + rng.uniform(0.5, 4.0)
                while time.monotonic() < until:
                    started = time.monotonic()
                    follower.catalog().shortlist(embedding_of(pixels(0)), 1)
                    slowest = max(slowest, time.monotonic() - started)
                    time.sleep(0.02)
                degraded += follower.health.degraded
                try:
                    report = Reconciler(bad.store(), bad.through).reconcile()
                    removed += report.count(FindingKind.REMOVED) + report.count(
                        FindingKind.COLLECTED
                    )
                except CatalogError:
                    pass
            time.sleep(rng.uniform(0.2, 1.0))
        eventually(lambda: not follower.health.degraded)
        for writer in writers:
            writer.__exit__()
        outcomes = writers[0].outcomes | writers[1].outcomes
        made = bad.journal()
        version = same_store(bad.direct).state().sequence
        eventually(lambda: follower.catalog().index_version >= version)
    assert len(made) == len(set(made))
    done, failed = (
        {product_id for product_id, outcome in outcomes.items() if outcome == kind}
        for kind in ("done", "failed")
    )
    assert done <= set(made)
    assert not failed & set(made)
    assert removed == 0
    assert degraded > 0
    check_whole(same_store(bad.direct).snapshot())
    counts = dict(sorted(Counter(outcomes.values()).items()))
    sys.stdout.write(
        f"\n120 s of faults: {counts}; degraded after {degraded} of them; slowest search "
        f"{1000 * slowest:.0f} ms; nothing lost, nothing made twice, nothing removed\n"
    )
