"""datasketch's tables in a real Redis, shared by two readers."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from catalog.errors import StorageUnavailable
from catalog.search.datasketch_lsh import DatasketchTables, redis_storage
from catalog.search.lsh import LshTables


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def redis_port(tmp_path: Path) -> Iterator[int]:
    program = shutil.which("redis-server")
    assert program is not None, "redis-server is missing: scripts/test-peers installs it"
    port = free_port()
    options = ["--port", str(port), "--save", "", "--dir", str(tmp_path), "--bind", "127.0.0.1"]
    server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
        yield port
    finally:
        server.terminate()
        server.wait()


def vectors(count: int) -> NDArray[np.float32]:
    drawn = np.random.default_rng(3).standard_normal((count, 32)).astype(np.float32)
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


def test_tables_in_redis_look_at_the_rows_that_our_arrays_look_at(redis_port: int) -> None:
    made = vectors(60)
    shared = DatasketchTables.of(made, redis_storage("test", port=redis_port))
    ours = LshTables.of(made)
    for query in made[:5]:
        assert np.array_equal(shared.near(query), ours.near(query))


def test_a_redis_that_does_not_answer_is_one_sentence() -> None:
    with pytest.raises(StorageUnavailable, match="Redis does not answer"):
        DatasketchTables.of(vectors(3), redis_storage("test", port=free_port(), seconds=0.2))
