"""Cost of a picture over HTTP: one client, several at once, and beside that in-process."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median
from threading import Barrier

import numpy as np
import psutil

from bench.errors import BenchError
from bench.progress import Progress, silent
from bench.table import Figures, Table

# Asks once; answers the milliseconds that the service says the method itself took.
SendRequest = Callable[[], float]


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """Size of the measurement.

    Attributes:
        products: in the catalog.
        requests: of one client, after the warm ones; several clients together ask twice as many.
        clients: at once.
        warm: requests before anything is measured.
    """

    products: int = 1000
    requests: int = 100
    clients: int = 4
    warm: int = 20


@dataclass(frozen=True, slots=True, eq=False)
class ServeTarget:
    """Service and clients to measure.

    Attributes:
        alone: the same method on the same pictures in this process; as `SendRequest`.
        client: makes one client with a connection of its own.
        server: process id of the service.
    """

    alone: SendRequest
    client: Callable[[], SendRequest]
    server: int


@dataclass(frozen=True, slots=True)
class ServeFigures:
    """One way of asking.

    Attributes:
        name: of the way.
        requests: that were measured.
        p50_ms: from asking to the whole answer; median.
        p95_ms: 95th percentile of the same.
        p99_ms: 99th percentile.
        method_p50_ms: the method's own time, as the answers say; median.
        cpu_ms: processor time of the answering process, per request.
        per_second: answers.
        fairness: the fewest answers of a client by the most; 1 for a single one.
    """

    name: str
    requests: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    method_p50_ms: float
    cpu_ms: float
    per_second: float
    fairness: float


@dataclass(frozen=True, slots=True, eq=False)
class ServeResult(Figures):
    """Figures of all ways.

    Attributes:
        options: that were measured.
        ways: in-process, one client, several clients.
        memory_mb: resident, of the service: before the first picture and at the end.
        load: of the machine over a minute, before and after.
    """

    options: ServeOptions
    ways: tuple[ServeFigures, ...]
    memory_mb: tuple[float, float]
    load: tuple[float, float]

    def table(self) -> Table:
        """For people."""
        columns = (
            "way", "p50 ms", "p95 ms", "p99 ms", "method p50", "CPU ms", "per s", "fairness",
        )  # fmt: skip
        rows = [
            (
                way.name, f"{way.p50_ms:.0f}", f"{way.p95_ms:.0f}", f"{way.p99_ms:.0f}",
                f"{way.method_p50_ms:.0f}", f"{way.cpu_ms:.0f}", f"{way.per_second:.1f}",
                f"{way.fairness:.2f}",
            )
            for way in self.ways
        ]  # fmt: skip
        before, after = self.memory_mb
        notes = (
            f"service: {before:.0f} MB before the first picture, {after:.0f} MB at the end",
            f"load of the machine: {self.load[0]:.1f} before, {self.load[1]:.1f} after",
        )
        title = f"identify, 640x480, {self.options.products} products"
        return Table(title, columns, tuple(rows), notes)


def measure_serve(
    options: ServeOptions, target: ServeTarget, on_progress: Progress = silent
) -> ServeResult:
    """Ask alone, one by one, and together.

    Raises:
        BenchError: the service ended.
    """
    try:
        server = psutil.Process(target.server)
        before, load = _megabytes(server), psutil.getloadavg()[0]
        here = psutil.Process()
        on_progress("in-process", 0, options.requests)
        ways = [_measure_one_client("in-process", target.alone, options, here, on_progress)]
        ways.append(
            _measure_one_client("one client", target.client(), options, server, on_progress)
        )
        on_progress("several clients", 0, 2 * options.requests)
        ways.append(_measure_clients_at_once(target, options, server))
        memory = (before, _megabytes(server))
    except psutil.NoSuchProcess as error:
        raise BenchError("the service ended while it was measured; see its log") from error
    return ServeResult(options, tuple(ways), memory, (load, psutil.getloadavg()[0]))


def _measure_one_client(
    name: str,
    ask: SendRequest,
    options: ServeOptions,
    process: psutil.Process,
    on_progress: Progress,
) -> ServeFigures:
    for _ in range(options.warm):
        ask()
    cpu, began = _cpu_s(process), time.perf_counter()
    timed = []
    for number in range(options.requests):
        timed.append(_time_request(ask))
        on_progress(name, number + 1, options.requests)
    took = time.perf_counter() - began
    return _figures(name, timed, _cpu_s(process) - cpu, took, 1.0)


def _measure_clients_at_once(
    target: ServeTarget, options: ServeOptions, process: psutil.Process
) -> ServeFigures:
    """All begin at once and share a number of requests; who is served better gets more."""
    left = iter(range(2 * options.requests))
    begin = Barrier(options.clients)

    def ask_on(_: int) -> list[tuple[float, float]]:
        ask = target.client()
        ask()
        begin.wait()
        timed = []
        while next(left, None) is not None:
            timed.append(_time_request(ask))
        return timed

    cpu, began = _cpu_s(process), time.perf_counter()
    with ThreadPoolExecutor(options.clients) as pool:
        by_client = list(pool.map(ask_on, range(options.clients)))
    took = time.perf_counter() - began
    counts = [len(requests) for requests in by_client]
    timed = [request for requests in by_client for request in requests]
    fairness = min(counts) / max(counts)
    name = f"{options.clients} clients"
    return _figures(name, timed, _cpu_s(process) - cpu, took, fairness)


def _figures(
    name: str, timed: Sequence[tuple[float, float]], cpu_s: float, took_s: float, fairness: float
) -> ServeFigures:
    walls = np.array([wall for wall, _ in timed])
    p50, p95, p99 = (float(value) for value in np.percentile(walls, (50, 95, 99)))
    return ServeFigures(
        name=name,
        requests=len(timed),
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        method_p50_ms=median(method for _, method in timed),
        cpu_ms=1e3 * cpu_s / len(timed),
        per_second=len(timed) / took_s,
        fairness=fairness,
    )


def _time_request(ask: SendRequest) -> tuple[float, float]:
    began = time.perf_counter()
    method_ms = ask()
    return 1e3 * (time.perf_counter() - began), method_ms


def _cpu_s(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)


def _megabytes(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 1e6
