"""The cost of finding the nearest products, beside exact search and faiss.

Each method runs in a process of its own that holds nothing else, so that its memory is that of the
whole process. A photo counts when exact search has its product among the first ten; a method keeps
it when the method has it there too.
"""

import multiprocessing
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.progress import Progress, silent
from bench.retrieval.index_material import IndexMaterial
from bench.retrieval.index_methods import METHODS, REDIS, MethodTrial, run_trial
from bench.table import Table

SIZES: Final = (1_000, 10_000, 100_000)
WANTED: Final = 10
# Above these sizes a method needs more minutes or memory than there are.
_LIMITS: Final[Mapping[str, int]] = {
    "datasketch": 100_000,
    REDIS: 10_000,
    "faiss HNSW": 100_000,
}


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """Sizes and methods to measure.

    Attributes:
        sizes: vectors in all, ascending.
        redis_port: of a Redis on this machine to measure too; None for none.
        methods: by name.
    """

    sizes: tuple[int, ...] = SIZES
    redis_port: int | None = None
    methods: tuple[str, ...] = tuple(METHODS)


@dataclass(frozen=True, slots=True)
class IndexFigures:
    """One method at one size.

    Attributes:
        method: by name.
        size: vectors in all.
        photos: whose product exact search has among ten.
        kept: share of these that the method has among ten.
        p50_ms: of a query, one thread.
        p95_ms: 95th percentile of the same.
        cpu_ms: median processor time of a query.
        build_s: from vectors to the first query.
        change_ms: to take one more vector in; None when the method cannot.
        memory_mb: resident, whole process, after the queries.
    """

    method: str
    size: int
    photos: int
    kept: float
    p50_ms: float
    p95_ms: float
    cpu_ms: float
    build_s: float
    change_ms: float | None
    memory_mb: float


@dataclass(frozen=True, slots=True)
class IndexResult:
    """All figures."""

    figures: tuple[IndexFigures, ...]
    queries: int
    encoded: int

    def table(self) -> Table:
        """For people."""
        columns = (
            "method, vectors",
            "kept",
            "p50 ms",
            "p95 ms",
            "cpu ms",
            "build s",
            "change ms",
            "MB",
        )
        rows = tuple(
            (
                f"{figures.method}, {figures.size:,}",
                f"{figures.kept:.3f}",
                f"{figures.p50_ms:.2f}",
                f"{figures.p95_ms:.2f}",
                f"{figures.cpu_ms:.2f}",
                f"{figures.build_s:.2f}",
                "" if figures.change_ms is None else f"{figures.change_ms:.2f}",
                f"{figures.memory_mb:.0f}",
            )
            for figures in self.figures
        )
        photos = {figures.size: figures.photos for figures in self.figures}
        counts = ", ".join(f"{count} at {size:,}" for size, count in photos.items())
        return Table(
            "Nearest products",
            columns,
            rows,
            (
                f"kept: of the photos whose product exact search has among ten ({counts} of "
                f"{self.queries})",
                f"vectors beyond {self.encoded:,} are mixtures of two encoded ones",
                "one thread; each method in a process of its own, MB is all of that process",
            ),
        )

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "queries": self.queries,
            "encoded": self.encoded,
            "figures": [asdict(figures) for figures in self.figures],
        }


def measure_index(
    material: IndexMaterial, options: IndexOptions, on_progress: Progress = silent
) -> IndexResult:
    """Run every method at every size.

    Raises:
        BenchError: a method's process died, or exact search finds no product at all.
    """
    plan = [
        (size, method)
        for size in options.sizes
        for method in options.methods
        if (options.redis_port is not None or method != REDIS) and size <= _LIMITS.get(method, size)
    ]
    figures: list[IndexFigures] = []
    with TemporaryDirectory(prefix="skulens-") as name:
        folder = Path(name)
        targets: dict[int, NDArray[np.bool_]] = {}
        for done, (size, method) in enumerate(plan):
            on_progress(f"{method}, {size:,}", done, len(plan))
            if size not in targets:
                targets[size] = _lay_out(material.sized(size), folder)
            trial = _run_in_process(method, folder, options.redis_port)
            figures.append(_figures(method, size, trial, material.truths, targets[size]))
    return IndexResult(tuple(figures), len(material.queries), material.encoded)


def _lay_out(material: IndexMaterial, folder: Path) -> NDArray[np.bool_]:
    """Write what the processes read; which photos' products exact search has among ten."""
    vectors, owners = material.vectors, material.owners
    np.save(folder / "vectors.npy", vectors)
    np.save(folder / "queries.npy", material.queries)
    (folder / "owners.txt").write_text("\n".join(owners))
    found = [
        _first_owners(vectors @ query, owners, truth)
        for query, truth in zip(material.queries, material.truths, strict=True)
    ]
    if not any(found):
        raise BenchError("exact search finds none of the photos' products")
    return np.array(found)


def _first_owners(similarities: NDArray[np.float32], owners: Sequence[str], truth: str) -> bool:
    first: set[str] = set()
    for row in np.argsort(-similarities, kind="stable"):
        first.add(owners[row])
        if owners[row] == truth:
            return True
        if len(first) == WANTED:
            return False
    return False


def _run_in_process(method: str, folder: Path, redis_port: int | None) -> MethodTrial:
    # Spawned, not forked: a fork would carry the networks' memory along.
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_send_trial, args=(there, method, folder, redis_port))
    process.start()
    there.close()
    try:
        answer = here.recv()
    except EOFError as error:
        process.join()
        raise BenchError(f"{method} ended with code {process.exitcode}") from error
    process.join()
    if not isinstance(answer, MethodTrial):
        raise BenchError(f"{method}: {answer}")
    return answer


def _send_trial(there: Connection, method: str, folder: Path, redis_port: int | None) -> None:
    there.send(run_trial(method, folder, redis_port, WANTED))


def _figures(
    method: str,
    size: int,
    trial: MethodTrial,
    truths: Sequence[str],
    target: NDArray[np.bool_],
) -> IndexFigures:
    kept = np.array(
        [truth in found for truth, found in zip(truths, trial.found, strict=True)], np.bool_
    )
    return IndexFigures(
        method=method,
        size=size,
        photos=int(target.sum()),
        kept=float(kept[target].mean()),
        p50_ms=float(np.percentile(trial.query_ms, 50)),
        p95_ms=float(np.percentile(trial.query_ms, 95)),
        cpu_ms=float(np.percentile(trial.query_cpu_ms, 50)),
        build_s=trial.build_s,
        change_ms=trial.change_ms,
        memory_mb=trial.memory_mb,
    )
