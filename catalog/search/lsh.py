"""Locality-sensitive hashing: random-hyperplane codes in sorted arrays.

A band is one word that holds the signs of an embedding against some random hyperplanes, so that
vectors at a small angle often share a band (Charikar, 2002). Besides its own code a query looks up
those with its least certain signs turned over (multi-probe, Lv et al., 2007).

Rows lie sorted by band and code in one array, and where each code begins in another: 132 bytes per
vector, where datasketch's dictionaries take 4.6 KB (`skulens bench index`), and arrays can be saved
and mapped as they are. `catalog.search.datasketch_lsh` keeps the same codes in datasketch's tables.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

# Measured by `skulens bench index`: with 14 bits over 100,000 embeddings of photos, 5 % of them are
# looked at and the right products stay; without probes it would take three times the bands.
BANDS: Final = 32
# Bits of a band's code: a table of 4,096 to 262,144 entries per band.
FEWEST_BITS: Final = 12
_MOST_BITS: Final = 18
# Fixed, so that every process draws the same hyperplanes.
_SEED: Final = 20240229
# Binary logarithm of how many vectors share a code by chance: about eight.
_BUCKET_BITS: Final = 3
# Vectors hashed at a time: bounds what building needs to a few tens of megabytes.
_CHUNK: Final = 8192

# Which of a band's least certain bits (0 = least) each probe turns over.
_PROBES: Final = ((), (0,), (1,), (2,), (0, 1), (3,))
_UNCERTAIN: Final = 4  # bits that probes turn over, one more than their highest number


def choose_bits(size: int) -> int:
    """Return the bits of a band's code over so many vectors: longer codes keep buckets small."""
    return min(max(int(size - 1).bit_length() - _BUCKET_BITS, FEWEST_BITS), _MOST_BITS)


class Hyperplanes:
    """The same random hyperplanes in every process, for one dimension and code length."""

    def __init__(self, dimension: int, bits: int = FEWEST_BITS) -> None:
        self.bits = bits
        generator = np.random.default_rng(_SEED)
        normals = generator.standard_normal((dimension, BANDS * bits))
        self._normals = normals.astype(np.float32)
        self._weights = np.uint32(1) << np.arange(bits, dtype=np.uint32)

    def codes(self, vectors: NDArray[np.float32]) -> NDArray[np.uint32]:
        """Return the (N, BANDS) uint32 codes of (N, D) vectors."""
        return self._packed(vectors @ self._normals)

    def probes(self, vector: NDArray[np.float32]) -> NDArray[np.uint32]:
        """Return (P, BANDS) uint32: a (D,) vector's code, and it with uncertain signs flipped."""
        distances = vector[None] @ self._normals
        code = self._packed(distances)[0]
        margins = np.abs(distances).reshape(BANDS, self.bits)
        uncertain = np.argpartition(margins, _UNCERTAIN, axis=1)[:, :_UNCERTAIN]
        order = np.take_along_axis(margins, uncertain, axis=1).argsort(axis=1)
        flips = self._weights[np.take_along_axis(uncertain, order, axis=1)]
        flipped = [flips[:, bits].sum(axis=1, dtype=np.uint32) for bits in _PROBES]
        return np.stack([code ^ bits for bits in flipped])

    def _packed(self, distances: NDArray[np.float32]) -> NDArray[np.uint32]:
        signs = (distances > 0).reshape(len(distances), BANDS, self.bits)
        packed: NDArray[np.uint32] = (signs * self._weights).sum(axis=2, dtype=np.uint32)
        return packed


@lru_cache(maxsize=4)
def hyperplanes(dimension: int, bits: int) -> Hyperplanes:
    """Return the hyperplanes; they are cached, because drawing them takes milliseconds."""
    return Hyperplanes(dimension, bits)


@dataclass(frozen=True, slots=True, eq=False)
class LshTables:
    """An LSH index over fixed vectors; safe to query from several threads.

    Attributes:
        centre: (D,) float32, the mean of the vectors.
        starts: (BANDS << bits) + 1, where the rows of each band's codes begin.
        rows: (BANDS * N,) int32, sorted by band and code.
        bits: of a code.
    """

    centre: NDArray[np.float32]
    starts: NDArray[np.int64]
    rows: NDArray[np.int32]
    bits: int

    @classmethod
    def of(cls, vectors: NDArray[np.float32]) -> "LshTables":
        """Hash (N, D) unit vectors; about 15 microseconds each."""
        # Embeddings of photos lie to one side of the origin; around their own mean the planes part
        # them more evenly.
        centre: NDArray[np.float32] = vectors.mean(axis=0)
        bits = choose_bits(len(vectors))
        codes = _codes(vectors, centre, bits)
        rows = np.empty((BANDS, len(vectors)), np.int32)
        counts = np.zeros(BANDS << bits, np.int64)
        for band in range(BANDS):
            rows[band] = np.argsort(codes[band], kind="stable")
            here = slice(band << bits, (band + 1) << bits)
            counts[here] = np.bincount(codes[band], minlength=1 << bits)
        return cls(centre, np.concatenate(([0], np.cumsum(counts))), rows.ravel(), bits)

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return self.centre.nbytes + self.starts.nbytes + self.rows.nbytes

    def near(self, vector: NDArray[np.float32]) -> NDArray[np.intp]:
        """Return the rows whose vectors may be near a (D,) vector, ascending."""
        planes = hyperplanes(len(vector), self.bits)
        probes = planes.probes(vector - self.centre).astype(np.int64)
        keys = (probes + (np.arange(BANDS, dtype=np.int64) << self.bits)).ravel()
        near = np.zeros(len(self.rows) // BANDS, np.bool_)
        starts, ends = self.starts[keys].tolist(), self.starts[keys + 1].tolist()
        for start, end in zip(starts, ends, strict=True):
            near[self.rows[start:end]] = True
        return np.flatnonzero(near)


def _codes(
    vectors: NDArray[np.float32], centre: NDArray[np.float32], bits: int
) -> NDArray[np.uint32]:
    """(BANDS, N) uint32."""
    planes = hyperplanes(vectors.shape[1], bits)
    codes = np.empty((BANDS, len(vectors)), np.uint32)
    for start in range(0, len(vectors), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        codes[:, chunk] = planes.codes(vectors[chunk] - centre).T
    return codes
