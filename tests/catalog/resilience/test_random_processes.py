"""Many processes change and search one catalog; what they were told is held against its journal."""

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from catalog.journal.entries import ProductRemoved, ProductWritten
from catalog.journal.journal import Journal
from catalog.storage.folder import FolderStorage
from catalog.storage.s3 import S3Options, S3Storage
from tests.catalog.resilience.test_crash import check_whole
from tests.catalog.support.buckets import fresh
from tests.catalog.support.fakes import new_store, same_store
from tests.catalog.support.places import named

ROOT = Path(__file__).parents[3]
Told = list[dict[str, object]]


def run(storage: FolderStorage | S3Storage, processes: int, count: int) -> Told:
    """What all processes were told."""
    new_store(storage)
    command = [sys.executable, "-m", "tests.catalog.support.random_process", named(storage)]
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                subprocess.Popen(
                    [*command, str(seed), str(count)],
                    cwd=ROOT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for seed in range(processes)
        ]
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in running:
            assert process.stdin is not None
            process.stdin.write("g")
            process.stdin.flush()
        outputs = [process.communicate()[0] for process in running]
    assert all(process.returncode == 0 for process in running)
    return [json.loads(line) for output in outputs for line in output.splitlines()]


def check(storage: FolderStorage | S3Storage, told: Told) -> None:
    """Hold what was told against the journal."""
    assert [one for one in told if "failed" in one] == []
    entries = list(Journal(storage, "shop").after(0))
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
    assert sorted(k.rpartition("/")[2] for k in storage.list("shop/journal/")) == [
        f"{number:012d}.json" for number in range(1, len(entries) + 1)
    ]
    done = {one["version"]: one for one in told if "version" in one}
    # Every answered change is one entry, and there is no entry besides.
    assert sorted(done, key=str) == sorted(range(2, len(entries) + 1), key=str)
    assert len(done) == sum("version" in one for one in told)
    model: dict[int, float] = {}
    alive_at: dict[int, frozenset[int]] = {1: frozenset()}
    for entry in entries[1:]:
        one, (change,) = done[entry.sequence], entry.changes
        number = int(str(one["product"]))
        if one["did"] == "remove":
            assert isinstance(change, ProductRemoved)
            del model[number]
        else:
            assert isinstance(change, ProductWritten)
            model[number] = 0.0 if one["did"] == "add" else model[number] + 1
            assert dict(change.product.attributes)["count"] == model[number]
        alive_at[entry.sequence] = frozenset(model)
    for one in told:
        if one.get("did") == "search" and "seen" in one:
            seen, least = int(str(one["seen"])), int(str(one["min"]))
            assert seen >= least
            alive = int(str(one["product"])) in alive_at[seen]
            assert one["hits"] == ([one["product"]] if alive else [])
    snapshot = same_store(storage).snapshot()
    check_whole(snapshot)
    assert {p: dict(product.attributes)["count"] for p, product in snapshot.products.items()} == {
        f"p{number}": count for number, count in model.items()
    }


def test_three_processes_in_a_folder(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "data", durable=False)
    check(storage, run(storage, 3, 40))


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_eight_processes_in_a_bucket(ceph: S3Options) -> None:
    storage = fresh(ceph)
    started = time.monotonic()
    told = run(storage, 8, 125)
    seconds = time.monotonic() - started
    check(storage, told)
    refused = sum("refused" in one for one in told)
    searches = sum("hits" in one for one in told)
    written = sum("version" in one for one in told)
    sys.stdout.write(
        f"\n8 processes, {len(told)} operations in {seconds:.0f} s: {written} written, "
        f"{refused} refused by a precondition, {searches} searches; nothing lost, nothing stale\n"
    )
