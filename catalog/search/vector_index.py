"""Nearest reference images by embedding: an immutable base, a small delta, tombstones.

A change makes a new index that shares the base of the old one. New vectors go to the delta, which
is scanned exactly; removed ones are only marked. When the delta has grown, `merged` makes a new
base. A large base is searched by locality-sensitive hashing and what that returns is ranked
exactly; a small one is ranked exactly as a whole.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from catalog.errors import Invalid
from catalog.records.product import image_id_of
from catalog.search.lsh import LshTables
from catalog.search.recall_monitor import RecallMonitor

# Below this, what hashing would save (`skulens bench index`) is not worth the neighbours that it
# misses.
EXACT_BELOW: Final = 30_000

# Loose rows, those in the delta and those removed from the base, are merged when they are more than
# 256, which are scanned in no time, and more than a tenth of the base.
_SMALLEST_DELTA: Final = 256
_DELTA_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True)
class ImageReference:
    """One picture of one product; the same picture may belong to several products.

    Attributes:
        product_id: which.
        image_id: `ReferenceImage.encoding_id`: another one when another part of it is kept.
    """

    product_id: str
    image_id: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A product near a query.

    Attributes:
        product_id: which.
        image_id: its most similar reference image.
        similarity: cosine in [-1, 1].
    """

    product_id: str
    image_id: str
    similarity: float


class HashTables(Protocol):
    """Hash tables over a base: `lsh.LshTables`, or `datasketch_lsh.DatasketchTables`."""

    def near(self, vector: NDArray[np.float32]) -> NDArray[np.intp]:
        """Return the rows whose vectors may be near a (D,) vector, ascending."""


@dataclass(frozen=True, slots=True)
class IndexHealth:
    """The state of an index, for gauges and alarms.

    Attributes:
        references: that can be found.
        hashed: whether queries go through hash tables.
        checks: how many of the last hashed queries were answered exactly too.
        recall: share of them in which hashing found the best product; None before the first.
        alarm: True when it missed so many that all are answered exactly until the next merge.
    """

    references: int
    hashed: bool
    checks: int
    recall: float | None
    alarm: bool


@dataclass(frozen=True, slots=True, eq=False)
class VectorBlock:
    """Vectors and whose they are.

    Attributes:
        references: N of them, all different.
        vectors: (N, D) float32, unit length.
        alive: (N,) bool; False marks a removed reference.
    """

    references: tuple[ImageReference, ...]
    vectors: NDArray[np.float32]
    alive: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        references: Iterable[ImageReference],
        vectors: Sequence[NDArray[np.float32]] | NDArray[np.float32],
    ) -> "VectorBlock":
        """Return a block of live references with their (D,) vectors."""
        if isinstance(vectors, np.ndarray) and len(vectors):
            stacked = vectors
        else:
            stacked = np.stack(list(vectors)) if len(vectors) else np.zeros((0, 0), np.float32)
        return cls(tuple(references), stacked, np.ones(len(vectors), np.bool_))

    def without(self, removed: Collection[ImageReference]) -> "VectorBlock":
        """Return the block with some references marked as removed; it shares the vectors."""
        removed_rows = [
            row for row, reference in enumerate(self.references) if reference in removed
        ]
        if not removed_rows:
            return self
        alive = self.alive.copy()
        alive[removed_rows] = False
        return VectorBlock(self.references, self.vectors, alive)

    def live(self) -> "tuple[list[ImageReference], NDArray[np.float32]]":
        """Return the references that are not removed, and their (N, D) vectors."""
        if self.alive.all():
            return list(self.references), self.vectors
        rows = np.flatnonzero(self.alive)
        return [self.references[row] for row in rows], self.vectors[rows]


EMPTY_BLOCK: Final = VectorBlock.of((), ())


@dataclass(frozen=True, slots=True, eq=False)
class Hashing:
    """Tables over a whole base and how well they do; no tables when the base is scanned."""

    tables: HashTables | None = None
    monitor: RecallMonitor = field(default_factory=RecallMonitor)


@dataclass(frozen=True, slots=True, eq=False)
class BlockRanking:
    """Candidates of one block.

    Attributes:
        block: whose they are.
        rows: (M,) of the block.
        similarities: (M,) float32.
    """

    block: VectorBlock
    rows: NDArray[np.intp]
    similarities: NDArray[np.float32]


class VectorIndex:
    """Immutable; every change makes another."""

    def __init__(
        self, base: VectorBlock, delta: VectorBlock, hashing: Hashing, exact_below: int
    ) -> None:
        self._base = base
        self._delta = delta
        self._hashing = hashing
        self._exact_below = exact_below

    @classmethod
    def of(
        cls,
        references: Sequence[ImageReference] = (),
        vectors: Sequence[NDArray[np.float32]] | NDArray[np.float32] = (),
        *,
        exact_below: int = EXACT_BELOW,
    ) -> "VectorIndex":
        """Return an index of these references with (D,) unit vectors, not hashed yet."""
        return cls(VectorBlock.of(references, vectors), EMPTY_BLOCK, Hashing(), exact_below)

    def __len__(self) -> int:
        return int(self._base.alive.sum() + self._delta.alive.sum())

    @property
    def hashed(self) -> bool:
        """Whether a query goes through the hash tables."""
        return self._hashing.tables is not None and self._hashing.monitor.trusted

    @property
    def health(self) -> IndexHealth:
        """The state of the index."""
        checks = self._hashing.monitor.checks
        return IndexHealth(
            references=len(self),
            hashed=self.hashed,
            checks=len(checks),
            recall=sum(checks) / len(checks) if checks else None,
            alarm=not self._hashing.monitor.trusted,
        )

    @property
    def merges_slowly(self) -> bool:
        """Whether `merged` would hash, about 15 microseconds for each reference."""
        return len(self) >= self._exact_below

    @property
    def needs_merge(self) -> bool:
        """Whether the delta or the removed part has grown, or a large base is not hashed yet."""
        loose = len(self._delta.references) + int((~self._base.alive).sum())
        grown = loose > max(_SMALLEST_DELTA, _DELTA_SHARE * len(self._base.references))
        return grown or (self.merges_slowly and self._hashing.tables is None)

    def content(self) -> tuple[list[ImageReference], NDArray[np.float32]]:
        """Return all references that can be found, and their (N, D) vectors."""
        block = VectorBlock.of(*_joined(self._base, self._delta))
        return list(block.references), block.vectors

    def with_changes(
        self,
        removed: Collection[ImageReference],
        added: Sequence[ImageReference],
        vectors: Sequence[NDArray[np.float32]],
    ) -> "VectorIndex":
        """Return the index without some references and with others, which have (D,) unit vectors.

        Raises:
            Invalid: the vectors differ in dimension.
        """
        kept, kept_vectors = self._delta.without(removed).live()
        self._check_dimension({len(vector) for vector in (*vectors, *kept_vectors)})
        delta = VectorBlock.of([*kept, *added], [*kept_vectors, *vectors])
        return VectorIndex(self._base.without(removed), delta, self._hashing, self._exact_below)

    def merged(self) -> "VectorIndex":
        """Return an index with all references in the base; see `merges_slowly`."""
        base = VectorBlock.of(*_joined(self._base, self._delta))
        hashing = (
            Hashing(LshTables.of(base.vectors)) if self.merges_slowly and len(self) else Hashing()
        )
        return VectorIndex(base, EMPTY_BLOCK, hashing, self._exact_below)

    def rebased(self, newer: "VectorIndex") -> "VectorIndex":
        """Return an index that finds what `newer` finds, on the base of this one."""
        mine = set(self.content()[0])
        references, vectors = newer.content()
        missing = [row for row, reference in enumerate(references) if reference not in mine]
        added = [references[row] for row in missing]
        return self.with_changes(mine.difference(references), added, list(vectors[missing]))

    def search(self, vector: NDArray[np.float32], size: int) -> tuple[Neighbour, ...]:
        """Return the products nearest to a (D,) unit vector, most similar first.

        A product counts once, with its most similar picture. Fewer than `size` products are
        returned only when there are no more.

        Raises:
            Invalid: the vector is of another dimension than those in the index, or not finite.
        """
        if size <= 0 or len(self) == 0:
            return ()
        self._check_dimension({len(vector)})
        if not np.isfinite(vector).all():
            raise Invalid("an embedding with values that are no numbers cannot be searched for")
        if not self.hashed:
            return self._exact(vector, size)
        found = self._approximate(vector, size)
        if len(found) < size:
            return self._exact(vector, size)
        if self._hashing.monitor.needs_check():
            best = self._exact(vector, 1)[0]
            self._hashing.monitor.note(best.product_id == found[0].product_id)
        return found

    def _exact(self, vector: NDArray[np.float32], size: int) -> tuple[Neighbour, ...]:
        return _best((_scanned(self._base, vector), _scanned(self._delta, vector)), size)

    def _approximate(self, vector: NDArray[np.float32], size: int) -> tuple[Neighbour, ...]:
        if self._hashing.tables is None:
            return ()
        near = self._hashing.tables.near(vector)
        near = near[self._base.alive[near]]
        hashed = BlockRanking(self._base, near, self._base.vectors[near] @ vector)
        return _best((hashed, _scanned(self._delta, vector)), size)

    def _check_dimension(self, given: set[int]) -> None:
        have = {block.vectors.shape[1] for block in (self._base, self._delta) if block.references}
        if len(have | given) > 1:
            raise Invalid(
                f"embeddings of different lengths do not compare ({sorted(have | given)}); "
                "encode the catalog again"
            )


def _joined(
    first: VectorBlock, second: VectorBlock
) -> tuple[list[ImageReference], NDArray[np.float32]]:
    references, vectors = first.live()
    more, more_vectors = second.live()
    if not more:
        return references, vectors
    if not references:
        return more, more_vectors
    return [*references, *more], np.concatenate((vectors, more_vectors))


def _scanned(block: VectorBlock, vector: NDArray[np.float32]) -> BlockRanking:
    rows = np.flatnonzero(block.alive)
    if not len(rows):
        return BlockRanking(block, rows, np.zeros(0, np.float32))
    similarities = block.vectors @ vector
    return BlockRanking(block, rows, similarities[rows])


def _best(rankings: Sequence[BlockRanking], size: int) -> tuple[Neighbour, ...]:
    """Return the best products of several blocks, each once."""
    similarities = np.concatenate([ranking.similarities for ranking in rankings])
    # Pictures of one product crowd the top, so look deeper until there are enough products.
    depth = 4 * size
    while True:
        found = _distinct(rankings, similarities, _top(similarities, depth), size)
        if len(found) >= size or depth >= len(similarities):
            return found
        depth *= 4


def _top(similarities: NDArray[np.float32], depth: int) -> NDArray[np.intp]:
    """Return the positions of the `depth` greatest, greatest first; equal ones in their order."""
    if depth >= len(similarities):
        return np.argsort(-similarities, kind="stable")
    top = np.argpartition(-similarities, depth - 1)[:depth]
    top.sort()
    return top[np.argsort(-similarities[top], kind="stable")]


def _distinct(
    rankings: Sequence[BlockRanking],
    similarities: NDArray[np.float32],
    positions: NDArray[np.intp],
    size: int,
) -> tuple[Neighbour, ...]:
    found: dict[str, Neighbour] = {}
    for position in positions:
        reference = _reference(rankings, int(position))
        if reference.product_id in found:
            continue
        similarity = min(max(float(similarities[position]), -1.0), 1.0)
        found[reference.product_id] = Neighbour(
            reference.product_id, image_id_of(reference.image_id), similarity
        )
        if len(found) == size:
            break
    return tuple(found.values())


def _reference(rankings: Sequence[BlockRanking], position: int) -> ImageReference:
    for ranking in rankings:
        if position < len(ranking.rows):
            return ranking.block.references[int(ranking.rows[position])]
        position -= len(ranking.rows)
    raise IndexError(position)
