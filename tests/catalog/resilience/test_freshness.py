import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from catalog.follower import Follower
from catalog.storage.folder import FolderStorage
from catalog.storage.s3 import S3Storage
from tests.catalog.support.buckets import fresh
from tests.catalog.support.fakes import (
    embedding_of,
    picture,
    pixels,
    same_store,
)
from tests.catalog.support.filling import WideEncoder, fill, widened
from tests.catalog.support.places import named

"""How long until a change is seen, and how long a worker takes to start."""


ROOT = Path(__file__).parents[3]


PRODUCTS = 10_000


@pytest.fixture(params=["folder", "ceph"])
def real(request: pytest.FixtureRequest, tmp_path: Path) -> FolderStorage | S3Storage:
    if request.param == "folder":
        return FolderStorage(tmp_path / "data", durable=False)
    return fresh(request.getfixturevalue("ceph"))


def measured(
    storage: FolderStorage | S3Storage, products: int, writes: int
) -> tuple[float, list[float], list[float]]:
    """Seconds: a reader's start; until it finds each product; until the writer finds it."""
    fill(storage, products)
    store = same_store(storage, WideEncoder())
    command = [
        sys.executable,
        "-m",
        "tests.catalog.support.processes.reader_process",
        named(storage),
        str(writes),
    ]
    rng, others, own = random.Random(3), [], []
    with (
        Follower(store) as follower,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as reader,
    ):
        assert reader.stdout is not None
        start = float(reader.stdout.readline())
        for number in range(writes):
            time.sleep(rng.uniform(0.0, 0.5))
            store.add_product(f"new-{number}", [picture(number)])
            answered = time.monotonic()
            vector = widened(embedding_of(pixels(number)))
            assert follower.catalog().shortlist(vector, 1)[0].product_id == f"new-{number}"
            own.append(time.monotonic() - answered)
            others.append(float(reader.stdout.readline()) - answered)
    return start, others, own


def test_a_change_is_found_at_once_here_and_within_the_poll_elsewhere(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "data", durable=False)
    _, others, own = measured(storage, 200, 3)
    assert max(others) < 3.0
    assert max(own) < 1.0


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_ten_thousand_products(real: FolderStorage | S3Storage) -> None:
    start, others, own = measured(real, PRODUCTS, 80)
    other = [1000 * float(np.percentile(others, share)) for share in (50, 99)]
    mine = [1000 * float(np.percentile(own, share)) for share in (50, 99)]
    started = time.monotonic()
    same_store(real, WideEncoder()).snapshot().warm_up()
    again = time.monotonic() - started
    sys.stdout.write(
        f"\n{PRODUCTS:,} products, {type(real).__name__}: found elsewhere after {other[0]:.0f} ms "
        f"(p50), {other[1]:.0f} ms (p99); in the writing process {mine[0]:.0f} ms, "
        f"{mine[1]:.0f} ms; start of a reader {start:.2f} s, {again:.2f} s with "
        f"{len(others)} entries behind the snapshot object\n"
    )
    assert other[0] <= 700
    assert other[1] <= 1500
    assert mine[1] <= 100
    assert max(start, again) <= 5.0
