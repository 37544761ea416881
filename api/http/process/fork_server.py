"""Starts the engine out of a process that has everything imported, so that it is back at once.

Imports take most of an engine's start (1.5 s of 1.9 s of processor time, measured). This process
does them once, holds nothing else, runs no threads, and forks the engine: when that one crashes,
the next one shares its pages and only has to load networks and catalogs.
"""

import gc
import importlib
import logging
import os
import signal
import time
from collections.abc import Callable
from typing import Final

SHORTEST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0
HEALTHY_S: Final = 30.0  # after that, a crash is not part of a series
STOP_S: Final = 8.5
LOOK_S: Final = 0.05
# What an engine imports only when it is asked something. Not OpenVINO, which starts a thread.
LATE: Final = (
    "api.models.loading",
    "matcher.retrieval.search",
    "catalog.transfer.importer",
    "catalog.follower",
)

_logger: Final = logging.getLogger(__name__)


class Nursery:
    """Forks a child, and another one whenever it ends, until this process is told to stop."""

    def __init__(self, child: Callable[[], int]) -> None:
        """Prepare.

        Args:
            child: what a child does; its answer is the exit code.
        """
        self._child = child
        self._parent = os.getppid()
        self._is_stopping = False

    def run(self) -> int:
        """Until SIGTERM or SIGINT, or until the parent is gone; the process's exit code."""
        for name in LATE:
            importlib.import_module(name)
        gc.collect()
        gc.freeze()  # a collection in a child would copy every page that is shared
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        pause, began = 0.0, time.monotonic()
        while not self._is_over():
            if time.monotonic() - began > HEALTHY_S:
                pause = 0.0
            _wait(pause, self._is_over)
            began = time.monotonic()
            code = self._one_life()
            if self._is_over():
                return 0
            _logger.error("the engine ended (%d); starting it again", code)
            pause = min(max(2 * pause, SHORTEST_PAUSE_S), LONGEST_PAUSE_S)
        return 0

    def _stop(self, *_: object) -> None:
        self._is_stopping = True

    def _is_over(self) -> bool:
        return self._is_stopping or os.getppid() != self._parent

    def _one_life(self) -> int:
        """One child from beginning to end; its exit code, negative for a signal."""
        pid = os.fork()
        if pid == 0:
            _leave(self._child)
        kill_at = float("inf")
        while True:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            if self._is_over() and kill_at == float("inf"):
                os.kill(pid, signal.SIGTERM)
                kill_at = time.monotonic() + STOP_S
            if time.monotonic() > kill_at:
                os.kill(pid, signal.SIGKILL)
            time.sleep(LOOK_S)


def _leave(child: Callable[[], int]) -> None:
    """Be the child, and never come back into the parent's code."""
    code = 1
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        code = child()
    finally:
        logging.shutdown()
        os._exit(code)


def _wait(seconds: float, is_over: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not is_over():
        time.sleep(LOOK_S)
