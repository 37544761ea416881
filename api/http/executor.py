"""A small, bounded thread pool for what keeps the processor busy; first come, first served."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from typing import Final, ParamSpec, TypeVar

from api.http.problems import RETRY_S, Problem

# Networks and OpenCV use all cores themselves; a second thread decodes meanwhile.
THREADS: Final = 2
MOST_WAITING: Final = 64  # requests; at a few a second, who comes later would wait too long

Given = ParamSpec("Given")
Result = TypeVar("Result")


class BoundedExecutor:
    """Threads for decoding, networks and drawing; belongs to one event loop."""

    def __init__(self, threads: int = THREADS, most_waiting: int = MOST_WAITING) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="executor")
        self._most = threads + most_waiting
        self.waiting = 0

    async def run(
        self, work: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs
    ) -> Result:
        """Call a function in a thread when its turn comes, and return what it returns.

        Raises:
            Problem: too much is waiting already.
        """
        if self.waiting >= self._most:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "skulens has more to do than it can; try again in a moment",
                "busy",
                {"Retry-After": str(RETRY_S)},
            )
        self.waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, partial(work, *args, **kwargs))
        finally:
            self.waiting -= 1

    def close(self) -> None:
        """Take nothing more; what waits is dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)
