"""Overload: nobody waits in silence for longer than the bound."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from threading import Event

import pytest

from api.http.executor import BoundedExecutor
from api.http.problems import Problem
from api.http.work_times import ASSUMED_S, WorkTimes

HELD_S = 20.0  # until a test that went wrong ends


def in_a_loop(scene: Callable[[], Coroutine[None, None, None]]) -> Callable[[], None]:
    """Run a test on an event loop of its own."""

    @wraps(scene)
    def run() -> None:
        asyncio.run(scene())

    return run


class HeldComputation:
    """Work that lasts until it is let go."""

    def __init__(self) -> None:
        self.entered = Event()
        self.opened = Event()

    def work(self) -> str:
        self.entered.set()
        assert self.opened.wait(HELD_S)
        return "done"


async def until_entered(gate: HeldComputation) -> None:
    assert await asyncio.to_thread(gate.entered.wait, HELD_S)


@in_a_loop
async def test_who_would_wait_too_long_is_refused_at_once_with_a_time_to_come_back() -> None:
    executor, gate = BoundedExecutor(threads=1, longest_wait_s=2.5 * ASSUMED_S), HeldComputation()
    accepted = [asyncio.create_task(executor.run(gate.work)) for _ in range(3)]
    await until_entered(gate)
    refused = [asyncio.create_task(executor.run(gate.work)) for _ in range(27)]
    for task in refused:
        with pytest.raises(Problem, match=r"longer than 2\.5 s; try again in 1 s") as busy:
            await task
        assert (busy.value.status, busy.value.kind) == (503, "busy")
        assert int(busy.value.headers["Retry-After"]) >= 1
    assert executor.waiting == 3
    gate.opened.set()
    assert await asyncio.gather(*accepted) == ["done"] * 3
    executor.close()


@in_a_loop
async def test_who_was_misjudged_is_refused_when_the_bound_is_reached() -> None:
    executor, gate = BoundedExecutor(threads=1, longest_wait_s=0.2), HeldComputation()
    gate.opened.set()
    for _ in range(20):
        await executor.run(gate.work)  # it is known as quick now
    gate.opened.clear()
    gate.entered.clear()
    held = asyncio.create_task(executor.run(gate.work))
    await until_entered(gate)
    with pytest.raises(Problem, match="more to do than it can"):
        await executor.run(gate.work)
    gate.opened.set()
    assert await held == "done"
    assert await executor.run(gate.work) == "done"
    executor.close()


@in_a_loop
async def test_a_turn_lasts_as_long_as_its_thread_also_when_the_caller_left() -> None:
    executor, gate = BoundedExecutor(threads=1, longest_wait_s=2.0), HeldComputation()
    left = asyncio.create_task(executor.run(gate.work))
    await until_entered(gate)
    left.cancel()
    await asyncio.gather(left, return_exceptions=True)
    assert executor.waiting == 1
    gate.opened.set()
    assert await executor.run(gate.work) == "done"
    executor.close()


@in_a_loop
async def test_who_leaves_while_waiting_makes_room() -> None:
    executor, gate = BoundedExecutor(threads=1, longest_wait_s=20.0), HeldComputation()
    held = asyncio.create_task(executor.run(gate.work))
    await until_entered(gate)
    waiting = asyncio.create_task(executor.run(gate.work))
    await asyncio.sleep(0)
    assert executor.waiting == 2
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert executor.waiting == 1
    gate.opened.set()
    assert await held == "done"
    executor.close()


def test_times_follow_what_was_lately_measured_kind_by_kind() -> None:
    times = WorkTimes()
    assert times.expected_s("identify") == ASSUMED_S
    times.add("identify", 3.0)
    assert times.expected_s("identify") == 3.0
    for _ in range(50):
        times.add("identify", 0.5)
    assert times.expected_s("identify") == pytest.approx(0.5, abs=0.01)
    assert times.expected_s("search") == ASSUMED_S
