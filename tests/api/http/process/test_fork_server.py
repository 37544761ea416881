"""What ends comes back at once, and what is told to stop stops."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[4]
PROGRAM = """
import os, signal, sys, time
from pathlib import Path
from api.http.process.fork_server import Nursery

def child():
    gently = []
    signal.signal(signal.SIGTERM, lambda *_: gently.append(1))
    with open("lives", "a") as file:
        file.write(f"{os.getpid()} {len(os.listdir('/proc/self/task'))}\\n")
    while not gently and os.getppid() != 1:
        time.sleep(0.02)
    Path("gently").touch()
    return 0

sys.exit(Nursery(child).run())
"""


@contextmanager
def nursery(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=folder, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def lives(folder: Path, count: int, most_s: float = 60.0) -> list[list[int]]:
    """Pid and threads of each child there was, once there were so many."""
    until = time.monotonic() + most_s
    while True:
        told = (folder / "lives").read_text().splitlines() if (folder / "lives").exists() else []
        if len(told) >= count:
            return [[int(word) for word in line.split()] for line in told]
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_killed_child_is_followed_by_another_one_at_once(tmp_path: Path) -> None:
    with nursery(tmp_path):
        first = lives(tmp_path, 1)[0][0]
        began = time.monotonic()
        os.kill(first, signal.SIGKILL)
        second = lives(tmp_path, 2)[1][0]
        assert time.monotonic() - began < 2.0
        assert second != first
        assert psutil.pid_exists(second)


def test_a_child_begins_with_one_thread(tmp_path: Path) -> None:
    with nursery(tmp_path):
        assert lives(tmp_path, 1)[0][1] == 1  # what forks with more may hang


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_who_is_told_to_stop_lets_the_child_end_gently(tmp_path: Path, number: int) -> None:
    with nursery(tmp_path) as process:
        (child, _), *_ = lives(tmp_path, 1)
        process.send_signal(number)
        assert process.wait(20) == 0
        assert (tmp_path / "gently").exists()
        assert not psutil.pid_exists(child)
        assert len(lives(tmp_path, 1)) == 1
