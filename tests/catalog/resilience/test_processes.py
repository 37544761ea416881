import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from catalog.storage.folder import FolderStorage
from tests.catalog.resilience.test_crash import check_whole
from tests.catalog.support.fakes import new_store, picture, same_store

ROOT = Path(__file__).parents[3]
COUNT = 12


@contextmanager
def writer(root: Path, number: int, count: int) -> Iterator[subprocess.Popen[str]]:
    """A process that is ready to write and waits for a byte on its stdin."""
    command = [sys.executable, "-m", "tests.catalog.support.processes.writer_process", str(root)]
    with subprocess.Popen(
        [*command, str(number), str(count)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process


def test_two_processes_write_one_catalog_and_lose_nothing(tmp_path: Path) -> None:
    new_store(FolderStorage(tmp_path))
    with ExitStack() as stack:
        processes = [stack.enter_context(writer(tmp_path, number, COUNT)) for number in (1, 2)]
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("g")
            process.stdin.flush()
        won = [int(process.communicate()[0]) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    snapshot = same_store(FolderStorage(tmp_path)).snapshot()
    check_whole(snapshot)
    own = {f"{number}-{n}" for number in (1, 2) for n in range(COUNT)}
    contested = {f"contested-{n}" for n in range(COUNT)}
    assert set(snapshot.products) == own | contested
    assert sum(won) == COUNT
    names = [snapshot.products[product_id].name for product_id in contested]
    assert [names.count("1"), names.count("2")] == won
    assert snapshot.index_version == 1 + 3 * COUNT


def test_a_process_killed_in_full_flight_leaves_a_whole_catalog(tmp_path: Path) -> None:
    new_store(FolderStorage(tmp_path))
    for number in (1, 2, 3):
        with writer(tmp_path, number, 10_000) as process:
            assert process.stdin is not None
            process.stdin.write("g")
            process.stdin.flush()
            reader = same_store(FolderStorage(tmp_path))
            deadline = time.monotonic() + 90
            while f"{number}-3" not in reader.snapshot().products:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            process.kill()
            process.wait()
        store = same_store(FolderStorage(tmp_path))
        before = store.snapshot()
        check_whole(before)
        change = store.add_product(f"after-{number}", [picture(number)])
        assert change.index_version == before.index_version + 1
