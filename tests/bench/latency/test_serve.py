"""Requests over HTTP are measured, with clients that only wait."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from bench.errors import BenchError
from bench.latency.serve import ServeOptions, ServeTarget, measure_serve

OPTIONS = ServeOptions(products=7, requests=12, clients=3, warm=1)


def waiting(milliseconds: float) -> Callable[[], float]:
    def ask() -> float:
        time.sleep(milliseconds / 1e3)
        return milliseconds / 2

    return ask


def test_each_way_has_its_times_and_all_requests() -> None:
    made: list[int] = []

    def client() -> Callable[[], float]:
        made.append(1)
        return waiting(4)

    result = measure_serve(OPTIONS, ServeTarget(waiting(2), client, os.getpid()))
    alone, single, together = result.ways
    assert [way.requests for way in result.ways] == [12, 12, 24]
    assert 2 <= alone.p50_ms <= single.p50_ms
    assert single.method_p50_ms == 2
    assert len(made) == 1 + 3  # each client has a connection of its own
    assert 0 < together.fairness <= 1
    assert result.memory_mb[0] > 1
    assert json.loads(json.dumps(result.to_json()))["options"]["products"] == 7
    assert len(result.table().rows) == 3


def test_a_service_that_has_ended_is_refused() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    with pytest.raises(BenchError, match="ended"):
        measure_serve(OPTIONS, ServeTarget(waiting(0), lambda: waiting(0), gone.pid))
