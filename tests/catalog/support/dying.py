"""Processes that die, or stop, at a chosen step of their work on a storage."""

import os
import signal
import warnings
from collections.abc import Callable
from typing import TypeVar

from catalog.storage.base import Storage, StoredObject

T = TypeVar("T")


class Steps:
    """Implements `Storage`; its process is killed before or after the n-th call."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._left = -1

    def die_at(self, step: int) -> None:
        """Choose the moment: 2n is just before the n-th call from now, 2n + 1 just after it."""
        self._left = step

    def get(self, key: str) -> bytes:
        return self._step(lambda: self._storage.get(key))

    def put(self, key: str, data: bytes) -> None:
        self._step(lambda: self._storage.put(key, data))

    def put_if_absent(self, key: str, data: bytes) -> bool:
        return self._step(lambda: self._storage.put_if_absent(key, data))

    def list(self, prefix: str) -> tuple[str, ...]:
        return self._step(lambda: self._storage.list(prefix))

    def details(self, prefix: str) -> tuple[StoredObject, ...]:
        return self._step(lambda: self._storage.details(prefix))

    def folders(self) -> tuple[str, ...]:
        return self._step(self._storage.folders)

    def delete(self, key: str) -> None:
        self._step(lambda: self._storage.delete(key))

    def modified(self, key: str) -> float:
        return self._step(lambda: self._storage.modified(key))

    def _step(self, act: Callable[[], T]) -> T:
        self._count()
        result = act()
        self._count()
        return result

    def _count(self) -> None:
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1


def forked(act: Callable[[], object]) -> int:
    """Run in a second process; its id."""
    with warnings.catch_warnings():
        # Newer Pythons warn of forking beside threads; the child only computes and dies.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    code = 1
    try:
        act()
        code = 0
    finally:
        os._exit(code)


def ended(child: int) -> bool:
    """Wait for its end; whether it was killed. Any other failure is one of the test."""
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert killed or os.waitstatus_to_exitcode(status) == 0
    return killed
