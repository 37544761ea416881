"""The same codes in datasketch's MinHashLSH tables: in memory, or in a Redis that many share.

MinHashLSH finds keys that share a whole band of hash values with the query and does not care where
the values come from. It is here to be measured beside our arrays and for whoever must keep one
index outside all processes; docs/search.md says what that costs.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from catalog.errors import Invalid, StorageUnavailable
from catalog.search.lsh import BANDS, choose_bits, hyperplanes

if TYPE_CHECKING:
    from datasketch import MinHashLSH

# A key is a row's number in so many bytes.
_ROW_BYTES: Final = 8
# Insertions that go to Redis in one round trip.
_BUFFERED_ROWS: Final = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class HashCode:
    """A MinHash as MinHashLSH needs it: its length and its hash values, (BANDS,) uint32."""

    hashvalues: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.hashvalues)


class DatasketchTables:
    """Implements `catalog.search.vector_index.HashTables` over datasketch's tables.

    In memory it is safe to query from several threads, as nothing is added. In Redis a query is one
    round trip per band and probe.
    """

    def __init__(
        self,
        dimension: int,
        centre: NDArray[np.float32],
        bits: int,
        lsh: "MinHashLSH",
        *,
        in_redis: bool = False,
    ) -> None:
        self._planes = hyperplanes(dimension, bits)
        self._centre = centre
        self._lsh = lsh
        self._in_redis = in_redis

    @classmethod
    def of(
        cls, vectors: NDArray[np.float32], storage: Mapping[str, Any] | None = None
    ) -> "DatasketchTables":
        """Hash (N, D) unit vectors.

        Args:
            vectors: what to find.
            storage: datasketch's `storage_config`; None keeps the tables in memory. For Redis see
                `redis_storage`.

        Raises:
            StorageUnavailable: Redis cannot be reached.
        """
        bits = choose_bits(len(vectors))
        centre: NDArray[np.float32] = vectors.mean(axis=0)
        lsh = _tables(storage)
        tables = cls(vectors.shape[1], centre, bits, lsh, in_redis=storage is not None)
        codes = tables._planes.codes(vectors - centre)
        if storage is None:
            _insert(lsh, codes)
            return tables
        with _redis_errors(), lsh.insertion_session(buffer_size=_BUFFERED_ROWS) as session:
            _insert(session, codes)
        return tables

    def near(self, vector: NDArray[np.float32]) -> NDArray[np.intp]:
        """Return the rows whose vectors may be near a (D,) vector, ascending.

        Raises:
            StorageUnavailable: Redis cannot be reached.
        """
        rows: set[int] = set()
        with _redis_errors() if self._in_redis else nullcontext():
            for code in self._planes.probes(vector - self._centre):
                rows.update(map(_row, self._lsh.query(HashCode(code))))
        found = np.fromiter(rows, np.intp, len(rows))
        found.sort()
        return found


def redis_storage(
    name: str, host: str = "127.0.0.1", port: int = 6379, seconds: float = 2.0
) -> Mapping[str, Any]:
    """Return datasketch's settings for tables in Redis; processes that use one name share them.

    Args:
        name: of the index; without one, datasketch makes up a random one.
        host: of Redis.
        port: of Redis.
        seconds: how long Redis may take to answer.

    Raises:
        Invalid: the Redis client is not installed; skulens itself does not need it.
    """
    try:
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ModuleNotFoundError as error:
        raise Invalid(
            "tables in Redis need its client; install it with: pip install redis"
        ) from error

    # By default redis-py tries ten times, and a failure shows only after seconds.
    retry = Retry(NoBackoff(), 0)
    redis = {"host": host, "port": port, "socket_timeout": seconds, "retry": retry}
    return {"type": "redis", "basename": name.encode(), "redis": redis}


def _tables(storage: Mapping[str, Any] | None) -> "MinHashLSH":
    # Imported here: it brings in much of SciPy (0.35 s), which nothing else needs.
    from datasketch import MinHashLSH

    if storage is None:
        return MinHashLSH(num_perm=BANDS, params=(BANDS, 1))
    # Not pickled: whoever may write to Redis could otherwise run code here.
    with _redis_errors():
        return MinHashLSH(
            num_perm=BANDS, params=(BANDS, 1), storage_config=dict(storage), prepickle=False
        )


@contextmanager
def _redis_errors() -> Iterator[None]:
    from redis.exceptions import RedisError

    try:
        yield
    except RedisError as error:
        raise StorageUnavailable(f"the index in Redis does not answer ({error})") from error


def _insert(into: Any, codes: NDArray[np.uint32]) -> None:  # noqa: ANN401 - a session or the tables
    for row, code in enumerate(codes):
        key = row.to_bytes(_ROW_BYTES, "big")
        into.insert(key, HashCode(code), check_duplication=False)


def _row(key: bytes) -> int:
    return int.from_bytes(key, "big")
