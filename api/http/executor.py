"""A small, bounded thread pool for what keeps the processor busy; first come, first served."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from math import ceil
from typing import Final, ParamSpec, TypeVar

from api.http.problems import RETRY_S, Problem
from api.http.work_times import WorkTimes

# Networks and OpenCV use all cores themselves; a second thread decodes meanwhile.
THREADS: Final = 2
MOST_WAITING: Final = 64  # requests, with their pictures in memory, however quick they are
LONGEST_WAIT_S: Final = 10.0  # seconds; people and proxies take a longer silence for a failure

Given = ParamSpec("Given")
Result = TypeVar("Result")


@dataclass(slots=True, eq=False)
class _Ahead:
    """Work that whoever comes later has to wait for.

    Attributes:
        kind: of the work; its times are alike.
        expected_s: seconds that it is likely to take.
        started_at: monotonic seconds; None while it waits.
    """

    kind: str
    expected_s: float
    started_at: float | None = None

    def left_s(self, now: float) -> float:
        """Seconds that are likely to be left of it."""
        done = 0.0 if self.started_at is None else now - self.started_at
        return max(self.expected_s - done, 0.0)


class BoundedExecutor:
    """Threads for decoding, networks and drawing; belongs to one event loop.

    Nobody waits for a turn longer than a bound: who would, by what such work took lately, is
    refused at once, and who does, because it was misjudged, is refused then.
    """

    def __init__(
        self,
        threads: int = THREADS,
        most_waiting: int = MOST_WAITING,
        longest_wait_s: float = LONGEST_WAIT_S,
    ) -> None:
        """Start with nothing to do.

        Args:
            threads: that work at once.
            most_waiting: requests that may wait for a turn.
            longest_wait_s: seconds that a request may wait for its turn.
        """
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="executor")
        self._turns = asyncio.Semaphore(threads)
        self._threads = threads
        self._most = threads + most_waiting
        self._longest_wait_s = longest_wait_s
        self._times = WorkTimes()
        self._ahead: set[_Ahead] = set()

    @property
    def waiting(self) -> int:
        """Requests that wait or are worked on."""
        return len(self._ahead)

    @property
    def expected_wait_s(self) -> float:
        """Seconds until the turn of whoever comes now, by what such work took lately."""
        if len(self._ahead) < self._threads:
            return 0.0
        now = time.monotonic()
        return sum(work.left_s(now) for work in self._ahead) / self._threads

    def check_turn(self) -> None:
        """Refuse whoever comes now, if their turn would come too late.

        Raises:
            Problem: it would.
        """
        expected = self.expected_wait_s
        if len(self._ahead) >= self._most or expected > self._longest_wait_s:
            raise self._busy(expected - self._longest_wait_s)

    async def run(
        self, work: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs
    ) -> Result:
        """Call a function in a thread when its turn comes, and return what it returns.

        Raises:
            Problem: its turn would come, or has come, too late.
        """
        self.check_turn()
        kind = f"{work.__module__}.{work.__qualname__}"
        ahead = _Ahead(kind, self._times.expected_s(kind))
        self._ahead.add(ahead)
        try:
            await self._take_turn()
        except BaseException:
            self._ahead.discard(ahead)
            raise
        return await self._work(ahead, partial(work, *args, **kwargs))

    def close(self) -> None:
        """Take nothing more; what waits is dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _work(self, ahead: _Ahead, call: Callable[[], Result]) -> Result:
        """Do it; the turn lasts as long as the thread, also when nobody waits for it any more."""
        loop = asyncio.get_running_loop()

        def end(_: "Future[Result]") -> None:
            with suppress(RuntimeError):  # the loop is closed already
                loop.call_soon_threadsafe(self._end, ahead)

        ahead.started_at = time.monotonic()
        try:
            future = self._pool.submit(call)
        except RuntimeError:  # it was closed meanwhile
            self._end(ahead)
            raise
        future.add_done_callback(end)
        return await asyncio.wrap_future(future)

    def _end(self, ahead: _Ahead) -> None:
        self._ahead.discard(ahead)
        self._turns.release()
        if ahead.started_at is not None:
            self._times.add(ahead.kind, time.monotonic() - ahead.started_at)

    async def _take_turn(self) -> None:
        try:
            async with asyncio.timeout(self._longest_wait_s):
                await self._turns.acquire()
        except TimeoutError:
            raise self._busy(self.expected_wait_s - self._longest_wait_s) from None

    def _busy(self, too_long_s: float) -> Problem:
        retry_s = max(ceil(too_long_s), RETRY_S)
        return Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "skulens has more to do than it can, and nobody is made to wait for longer than "
            f"{self._longest_wait_s:g} s; try again in {retry_s} s",
            "busy",
            {"Retry-After": str(retry_s)},
        )
