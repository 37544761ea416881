"""The methods of `bench index`, each run in a process of its own."""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final

import numpy as np
import psutil
from numpy.typing import NDArray

from catalog.search.datasketch_lsh import DatasketchTables, redis_storage
from catalog.search.vector_index import EXACT_BELOW, HashTables, ImageReference, VectorIndex

Vectors = NDArray[np.float32]
Find = Callable[[Vectors], Sequence[str]]

# Of one product there are at most seven pictures; so many rows hold ten products.
_DEPTH: Final = 80
_HNSW_LINKS: Final = 32
_HNSW_SEARCH: Final = 128
_LSH_BITS: Final = 1024
REDIS: Final = "datasketch, Redis"


@dataclass(frozen=True, slots=True, eq=False)
class MethodTrial:
    """Results and times of one method.

    Attributes:
        found: product ids for each query, best first.
        query_ms: for each query, by the clock.
        query_cpu_ms: for each query, of the processor; does not count others' work on the machine.
        build_s: from vectors to the first query.
        change_ms: to take one more vector in; None when it cannot.
        memory_mb: resident, whole process.
    """

    found: tuple[tuple[str, ...], ...]
    query_ms: tuple[float, ...]
    query_cpu_ms: tuple[float, ...]
    build_s: float
    change_ms: float | None
    memory_mb: float


@dataclass(frozen=True, slots=True, eq=False)
class ReadyMethod:
    """A method that can be asked.

    Attributes:
        find: product ids near a (D,) query.
        change: takes one more vector in; None when it cannot.
    """

    find: Find
    change: Callable[[Vectors], object] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class IndexTask:
    """Input of a method: vectors, their owners, and how many products are wanted."""

    vectors: Vectors
    owners: tuple[str, ...]
    wanted: int
    redis_port: int | None

    def products(self, rows: Sequence[int]) -> tuple[str, ...]:
        """The first products of rows, each once."""
        return tuple(dict.fromkeys(self.owners[row] for row in rows))[: self.wanted]


def run_trial(method: str, folder: Path, redis_port: int | None, wanted: int) -> MethodTrial:
    """Build, ask every query once, look at the memory."""
    os.environ["OMP_NUM_THREADS"] = "1"
    owners = tuple((folder / "owners.txt").read_text().split("\n"))
    queries: Vectors = np.load(folder / "queries.npy")
    start = perf_counter()
    task = IndexTask(np.load(folder / "vectors.npy"), owners, wanted, redis_port)
    ready = METHODS[method](task)
    found = [tuple(ready.find(queries[0]))]
    build_s = perf_counter() - start
    del task
    found, times, costs = [], [], []
    for query in queries:
        start, worked = perf_counter(), process_time()
        found.append(tuple(ready.find(query)))
        times.append((perf_counter() - start) * 1000)
        costs.append((process_time() - worked) * 1000)
    memory_mb = psutil.Process().memory_info().rss / 1e6
    change_ms = _change_ms(ready, queries[0])
    return MethodTrial(tuple(found), tuple(times), tuple(costs), build_s, change_ms, memory_mb)


def _change_ms(ready: ReadyMethod, vector: Vectors) -> float | None:
    if ready.change is None:
        return None
    start = perf_counter()
    ready.change(vector)
    return (perf_counter() - start) * 1000


def _index(task: IndexTask, exact_below: int) -> ReadyMethod:
    references = [
        ImageReference(owner, hashlib.sha256(str(row).encode()).hexdigest())
        for row, owner in enumerate(task.owners)
    ]
    index = VectorIndex.of(references, task.vectors, exact_below=exact_below).merged()
    wanted = task.wanted

    def find(query: Vectors) -> tuple[str, ...]:
        return tuple(neighbour.product_id for neighbour in index.search(query, wanted))

    return ReadyMethod(
        find, lambda vector: index.with_changes((), [ImageReference("new", "new")], [vector])
    )


def _exact(task: IndexTask) -> ReadyMethod:
    def find(query: Vectors) -> tuple[str, ...]:
        similarities = task.vectors @ query
        depth = min(_DEPTH, len(similarities) - 1)
        top = np.argpartition(-similarities, depth)[:depth]
        return task.products(top[np.argsort(-similarities[top])].tolist())

    return ReadyMethod(find)


def _search_tables(task: IndexTask, tables: HashTables) -> ReadyMethod:
    def find(query: Vectors) -> tuple[str, ...]:
        near = tables.near(query)
        similarities = task.vectors[near] @ query
        return task.products(near[np.argsort(-similarities)[:_DEPTH]].tolist())

    return ReadyMethod(find)


def _redis(task: IndexTask) -> ReadyMethod:
    name = f"skulens-bench-{os.getpid()}"
    storage = redis_storage(name, port=task.redis_port or 0, seconds=60.0)
    return _search_tables(task, DatasketchTables.of(task.vectors, storage))


def _faiss(task: IndexTask, make: Callable[[Any, int], Any]) -> ReadyMethod:
    import faiss

    faiss.omp_set_num_threads(1)
    index = make(faiss, task.vectors.shape[1])
    index.add(task.vectors)
    owners = replace(task, vectors=task.vectors[:0].copy())  # faiss has its own copy

    def find(query: Vectors) -> tuple[str, ...]:
        _, rows = index.search(query[None], _DEPTH)
        return owners.products([row for row in rows[0].tolist() if row >= 0])

    return ReadyMethod(find, lambda vector: index.add(vector[None]))


def _faiss_hnsw(task: IndexTask) -> ReadyMethod:
    def make(faiss: Any, dimension: int) -> Any:  # noqa: ANN401 - faiss has no types
        index = faiss.IndexHNSWFlat(dimension, _HNSW_LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efSearch = _HNSW_SEARCH
        return index

    return _faiss(task, make)


METHODS: Final[Mapping[str, Callable[[IndexTask], ReadyMethod]]] = {
    "skulens": lambda task: _index(task, EXACT_BELOW),
    "skulens, hashed": lambda task: _index(task, 1),
    "numpy, exact": _exact,
    "datasketch": lambda task: _search_tables(task, DatasketchTables.of(task.vectors)),
    REDIS: _redis,
    "faiss flat": lambda task: _faiss(task, lambda faiss, size: faiss.IndexFlatIP(size)),
    "faiss HNSW": _faiss_hnsw,
    "faiss LSH": lambda task: _faiss(task, lambda faiss, size: faiss.IndexLSH(size, _LSH_BITS)),
}
