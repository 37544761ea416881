"""Many processes change and search one catalog; what each reports is held against its journal."""

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
Results = list[dict[str, object]]


def run(storage: FolderStorage | S3Storage, processes: int, count: int) -> Results:
    """Return what all processes reported."""
    new_store(storage)
    command = [
        sys.executable,
        "-m",
        "tests.catalog.support.processes.random_process",
        named(storage),
    ]
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


def check(storage: FolderStorage | S3Storage, results: Results) -> None:
    """Hold what was reported against the journal."""
    assert [result for result in results if "failed" in result] == []
    entries = list(Journal(storage, "shop").after(0))
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
    assert sorted(k.rpartition("/")[2] for k in storage.list("shop/journal/")) == [
        f"{number:012d}.json" for number in range(1, len(entries) + 1)
    ]
    done = {result["version"]: result for result in results if "version" in result}
    # Every answered change is result entry, and there is no entry besides.
    assert sorted(done, key=str) == sorted(range(2, len(entries) + 1), key=str)
    assert len(done) == sum("version" in result for result in results)
    model: dict[int, float] = {}
    alive_at: dict[int, frozenset[int]] = {1: frozenset()}
    for entry in entries[1:]:
        result, (change,) = done[entry.sequence], entry.changes
        number = int(str(result["product"]))
        if result["did"] == "remove":
            assert isinstance(change, ProductRemoved)
            del model[number]
        else:
            assert isinstance(change, ProductWritten)
            model[number] = 0.0 if result["did"] == "add" else model[number] + 1
            assert dict(change.product.attributes)["count"] == model[number]
        alive_at[entry.sequence] = frozenset(model)
    for result in results:
        if result.get("did") == "search" and "seen" in result:
            seen, least = int(str(result["seen"])), int(str(result["min"]))
            assert seen >= least
            alive = int(str(result["product"])) in alive_at[seen]
            assert result["hits"] == ([result["product"]] if alive else [])
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
    results = run(storage, 8, 125)
    seconds = time.monotonic() - started
    check(storage, results)
    refused = sum("refused" in result for result in results)
    searches = sum("hits" in result for result in results)
    written = sum("version" in result for result in results)
    sys.stdout.write(
        f"\n8 processes, {len(results)} operations in {seconds:.0f} s: {written} written, "
        f"{refused} refused by a precondition, {searches} searches; nothing lost, nothing stale\n"
    )
