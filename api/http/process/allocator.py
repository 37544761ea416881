"""Bounds what the C library's allocator keeps for itself."""

import ctypes
import os
from typing import Final

_M_ARENA_MAX: Final = -8  # from malloc.h
ARENAS: Final = 2  # one waits while the other one is locked; see `limit_arenas`


def limit_arenas() -> None:
    """Let all threads share two arenas; call before any is started.

    glibc gives up to eight arenas for each core to threads, and every one keeps the largest that
    its threads ever used. Closer looks take and leave tens of megabytes in whichever thread has
    their turn, so that a live session's memory grew in steps: 1.28 instead of 1.55 GB after four
    minutes. `MALLOC_ARENA_MAX` in the environment is left alone; other C libraries are, too.
    """
    if "MALLOC_ARENA_MAX" in os.environ:
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, ARENAS)
