"""An engine that ends is replaced at once; one that is told to stop stops."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[4]
SILENT_S = 1.0
PROGRAM = """
import os, signal, sys, time
from pathlib import Path
import api.http.process.processes
from api.http.process.supervisor import EngineSupervisor, RestartSettings
from api.http.pulse import Pulse

pulse = Pulse.create()

def works():
    asked_to_stop = []
    signal.signal(signal.SIGTERM, lambda *_: asked_to_stop.append(1))
    while not asked_to_stop and os.getppid() != 1:
        pulse.beat()
        time.sleep(0.02)
    Path("gently").touch()
    return 0

def crashes():
    return 7

def hangs():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)

def engine():
    with open("lives", "a") as file:
        threads = len(os.listdir("/proc/self/task"))
        file.write(f"{os.getpid()} {threads} {time.monotonic()}\\n")
    return globals()[sys.argv[1]]()

def reap():
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        pass

stopped = []
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: stopped.append(1))
settings = RestartSettings(
    shortest_pause_s=0.2, longest_pause_s=0.4, stop_s=1.0, silent_s=SILENT_S, start_s=60.0
)
supervisor = EngineSupervisor(engine, settings=settings, pulse=pulse)
while not stopped:
    if "reaped" in sys.argv:
        reap()
    supervisor.check()
    time.sleep(0.01)
supervisor.stop()
"""


@contextmanager
def supervised(folder: Path, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", PROGRAM.replace("SILENT_S", str(SILENT_S)), *arguments]
    with subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def lives(folder: Path, count: int, most_s: float = 60.0) -> list[tuple[int, int, float]]:
    """Pid, threads and start of each engine there was, once there were so many."""
    until = time.monotonic() + most_s
    while True:
        file = folder / "lives"
        lines = file.read_text().splitlines() if file.exists() else []
        if len(lines) >= count:
            words = [line.split() for line in lines]
            return [(int(pid), int(threads), float(start)) for pid, threads, start in words]
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_killed_engine_is_followed_by_another_one_at_once(tmp_path: Path) -> None:
    with supervised(tmp_path, "works"):
        first = lives(tmp_path, 1)[0][0]
        began = time.monotonic()
        os.kill(first, signal.SIGKILL)
        second = lives(tmp_path, 2)[1][0]
        assert time.monotonic() - began < 2.0
        assert second != first
        assert psutil.pid_exists(second)


def test_an_engine_begins_with_one_thread(tmp_path: Path) -> None:
    with supervised(tmp_path, "works"):
        assert lives(tmp_path, 1)[0][1] == 1  # a fork of several may hang


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_supervisor_that_stops_lets_the_engine_end_gently(tmp_path: Path, number: int) -> None:
    with supervised(tmp_path, "works") as process:
        (engine, _, _), *_ = lives(tmp_path, 1)
        process.send_signal(number)
        assert process.wait(20) == 0
        assert (tmp_path / "gently").exists()
        assert not psutil.pid_exists(engine)
        assert len(lives(tmp_path, 1)) == 1


def test_an_engine_that_does_not_end_is_killed(tmp_path: Path) -> None:
    with supervised(tmp_path, "hangs") as process:
        (engine, _, _), *_ = lives(tmp_path, 1)
        time.sleep(0.3)  # until it ignores the signal
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert not psutil.pid_exists(engine)


def test_pauses_grow_while_the_engine_ends_again_and_again(tmp_path: Path) -> None:
    with supervised(tmp_path, "crashes") as process:
        starts = [start for _, _, start in lives(tmp_path, 5)][:5]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert b"the engine ended (7); starting it again" in process.stderr.read()
    pauses = [after - before for before, after in pairwise(starts)]
    assert pauses[1] > 0.2
    assert min(pauses[2:]) > 0.4


def test_an_engine_that_somebody_else_reaped_is_replaced(tmp_path: Path) -> None:
    with supervised(tmp_path, "crashes", "reaped"):  # as gunicorn's master reaps every child
        assert len(lives(tmp_path, 2)) >= 2


def test_world_an_engine_that_hangs_is_followed_by_another_one(tmp_path: Path) -> None:
    with supervised(tmp_path, "works") as process:
        first = lives(tmp_path, 1)[0][0]
        time.sleep(2 * SILENT_S)  # one that works is left alone
        assert len(lives(tmp_path, 1)) == 1
        os.kill(first, signal.SIGSTOP)
        second = lives(tmp_path, 2)[1][0]
        assert psutil.pid_exists(second)
        assert not psutil.pid_exists(first)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert b"no sign of life for 1 s" in process.stderr.read()


def test_world_an_engine_that_hangs_while_it_is_stopped_is_killed(tmp_path: Path) -> None:
    with supervised(tmp_path, "works") as process:
        (engine, _, _), *_ = lives(tmp_path, 1)
        os.kill(engine, signal.SIGSTOP)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert not psutil.pid_exists(engine)
