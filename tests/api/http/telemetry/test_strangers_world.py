"""Exceptions that nobody takes are lines of JSON, wherever they are raised."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
PROGRAM = """
import asyncio, gc, threading
from api.http.telemetry.logs import configure_logging

class Odd(Exception):
    pass

def fails(*_):
    raise Odd("of the world")

class Finalised:
    __del__ = fails

def in_thread():
    thread = threading.Thread(target=fails, name="camera door")
    thread.start()
    thread.join()

def in_finaliser():
    Finalised()
    gc.collect()

def in_loop():
    async def turn():
        asyncio.get_running_loop().call_soon(fails)
        task = asyncio.create_task(asyncio.to_thread(fails))
        await asyncio.wait({task})
        del task
        gc.collect()
    asyncio.run(turn())

configure_logging()
"""


@pytest.mark.parametrize(
    ("boundary", "count"), [("in_thread", 1), ("in_finaliser", 1), ("in_loop", 2), ("fails", 1)]
)
def test_world_a_stranger_becomes_one_line(tmp_path: Path, boundary: str, count: int) -> None:
    command = [sys.executable, "-c", f"{PROGRAM}{boundary}()"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert [line["level"] for line in lines] == ["error"] * count
    assert all("Odd: of the world" in line["exception"] for line in lines)
