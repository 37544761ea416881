"""Shortlist: which references are worth verifying.

Embeddings narrow a large catalog; among what is left, keypoints vote (local naive Bayes nearest
neighbour, McCann and Lowe, 2012): each query keypoint votes for the references that it is much
nearer to than to the rest.
"""

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from catalog.records.calibration import Calibration
from catalog.search.keypoints.votes import ImageVote
from catalog.search.vector_index import Neighbour
from matcher.keypoints.features import LocalFeatures
from matcher.retrieval.reference import EncodedCatalog, Reference, ReferenceCache


class SearchableCatalog(EncodedCatalog, Protocol):
    """A catalog snapshot as the pipeline uses it."""

    @property
    def name(self) -> str:
        """The catalog's name."""

    @property
    def index_version(self) -> int:
        """Journal number."""

    @property
    def calibrations(self) -> Mapping[str, Calibration]:
        """Calibrations by `Decision.model_id`."""

    def shortlist(self, embedding: NDArray[np.float32], size: int) -> Sequence[Neighbour]:
        """Return the nearest products, best first, at most `size`."""

    def votes(
        self, descriptors: NDArray[np.float32], size: int, without: Collection[str] = ()
    ) -> Sequence[ImageVote] | None:
        """Return the products that keypoints vote for, best first; None where they cannot."""


@dataclass(frozen=True, slots=True)
class ShortlistSettings:
    """Bounds of the vote."""

    verify_all: int = 10  # references up to which voting costs more than verifying them all
    by_embedding: int = 64  # products that may be voted for
    voters: int = 700  # strongest keypoints of the query
    descriptors: int = 60_000  # searched at once; of many references the strongest of each
    least_descriptors: int = 64  # of each reference, however many there are
    background_rank: int = 8  # a vote is the lead over the reference of this rank
    kept_tables: int = 8  # descriptor tables in memory, those used last


SHORTLIST_SETTINGS: Final = ShortlistSettings()


@dataclass(frozen=True, slots=True, eq=False)
class Shortlist:
    """Products worth verifying, best first, with their references and similarities."""

    product_ids: tuple[str, ...]
    references: tuple[Reference, ...]
    similarities: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    references: tuple[Reference, ...]
    descriptors: NDArray[np.float32]
    starts: NDArray[np.intp]


class Shortlister:
    """Narrows a catalog by embedding first, by keypoint votes second; thread-safe."""

    def __init__(
        self, references: ReferenceCache, settings: ShortlistSettings = SHORTLIST_SETTINGS
    ) -> None:
        self._cache = references
        self._settings = settings
        self._lock = Lock()
        self._tables: OrderedDict[tuple[str, ...], _Table] = OrderedDict()

    def shortlist(
        self,
        embedding: NDArray[np.float32],
        features: LocalFeatures,
        catalog: SearchableCatalog,
        size: int,
    ) -> Shortlist:
        """Return at most `size` products; fewer if the catalog has fewer."""
        near = catalog.shortlist(embedding, max(self._settings.by_embedding, size))
        similarities = {neighbour.product_id: neighbour.similarity for neighbour in near}
        references = self._references(sorted(similarities), catalog)
        if len(references) <= self._settings.verify_all or len(features) == 0:
            ranked = list(similarities)[:size]
        else:
            ranked = self._by_votes(references, features, list(similarities))[:size]
        chosen = set(ranked)
        return Shortlist(
            tuple(ranked),
            tuple(reference for reference in references if reference.product_id in chosen),
            similarities,
        )

    def _references(
        self, product_ids: Sequence[str], catalog: SearchableCatalog
    ) -> tuple[Reference, ...]:
        return tuple(
            reference
            for product_id in product_ids
            for reference in self._cache.of_product(catalog, product_id)
        )

    def _by_votes(
        self, references: tuple[Reference, ...], features: LocalFeatures, near: Sequence[str]
    ) -> list[str]:
        table = self._table(references)
        if len(table.descriptors) == 0:
            return list(near)
        voters = features.descriptors[: self._settings.voters]
        cosine = voters @ table.descriptors.T
        nearest = np.maximum.reduceat(cosine, table.starts, axis=1)
        rank = min(self._settings.background_rank, nearest.shape[1] - 1)
        background = -np.partition(-nearest, rank, axis=1)[:, rank]
        votes = np.maximum(nearest - background[:, None], 0.0).sum(axis=0)
        best: dict[str, float] = dict.fromkeys(near, 0.0)
        for reference, vote in zip(table.references, votes, strict=True):
            best[reference.product_id] = max(best[reference.product_id], float(vote))
        return sorted(best, key=lambda product_id: -best[product_id])

    def _table(self, references: tuple[Reference, ...]) -> _Table:
        key = tuple(reference.content_id for reference in references)
        with self._lock:
            if key in self._tables:
                self._tables.move_to_end(key)
                return self._tables[key]
        described = tuple(reference for reference in references if len(reference.features))
        share = self._settings.descriptors // max(len(described), 1)
        most = max(share, self._settings.least_descriptors)
        rows = [reference.features.descriptors[:most] for reference in described]
        sizes = np.array([0, *map(len, rows)], np.intp)
        table = _Table(
            described,
            np.concatenate(rows) if rows else np.zeros((0, 1), np.float32),
            np.cumsum(sizes)[:-1],
        )
        with self._lock:
            self._tables[key] = table
            while len(self._tables) > self._settings.kept_tables:
                self._tables.popitem(last=False)
        return table
