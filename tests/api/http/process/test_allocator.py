"""How many arenas the C library's allocator makes, seen from outside."""

import os
import platform
import subprocess
import sys

import pytest

# Every thread asks for memory while all of them live, so that each wants an arena of its own.
PROGRAM = """
import ctypes, threading
from api.http.process.allocator import limit_arenas
limit_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
barrier = threading.Barrier(12)
def ask():
    libc.malloc(ctypes.c_size_t(1000))
    barrier.wait()
threads = [threading.Thread(target=ask) for _ in range(12)]
[one.start() for one in threads]
[one.join() for one in threads]
libc.fdopen.restype = ctypes.c_void_p
file = libc.fdopen(1, b"w")
libc.malloc_info(0, ctypes.c_void_p(file))
libc.fflush(ctypes.c_void_p(file))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library's allocator")
@pytest.mark.parametrize(("chosen", "most"), [({}, 2), ({"MALLOC_ARENA_MAX": "5"}, 5)])
def test_threads_share_two_arenas_unless_somebody_chose(chosen: dict[str, str], most: int) -> None:
    environment = {name: value for name, value in os.environ.items() if "MALLOC" not in name}
    printed = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**environment, **chosen},
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed.stdout.count("<heap nr=") == most
