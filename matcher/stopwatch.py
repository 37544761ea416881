"""Milliseconds per stage."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Literal

from matcher.match import StageTimes

Stage = Literal["detect", "embed", "shortlist", "verify"]


class Stopwatch:
    """Adds up what each stage takes, from its making on."""

    def __init__(self) -> None:
        self._started = perf_counter()
        self._spent: dict[Stage, float] = {}

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        """Count what happens inside towards a stage."""
        started = perf_counter()
        try:
            yield
        finally:
            spent = (perf_counter() - started) * 1e3
            self._spent[stage] = self._spent.get(stage, 0.0) + spent

    def times(self) -> StageTimes:
        """Milliseconds until now."""
        return StageTimes(**self._spent, total=(perf_counter() - self._started) * 1e3)
