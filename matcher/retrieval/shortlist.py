"""Shortlist: which references are worth verifying.

Embeddings narrow a large catalog; among what is left, keypoints vote (local naive Bayes nearest
neighbour, McCann and Lowe, 2012): each query keypoint speaks for the references that it is much
nearer to than to the rest.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from catalog.encodings.encoding import Encoding
from catalog.records.calibration import Calibration
from catalog.records.product import Product
from matcher.keypoints.features import LocalFeatures
from matcher.retrieval.reference import Reference, ReferenceCache

# Below this many references voting costs more than verifying them all.
_VERIFY_ALL: Final = 10
_BY_EMBEDDING: Final = 64
_VOTERS: Final = 700
# Descriptors that are asked at once; products with many references bring the strongest of each.
_ASKED: Final = 60_000
_LEAST_ASKED: Final = 64
_BACKGROUND_RANK: Final = 8
_KEPT_TABLES: Final = 8


class Neighbour(Protocol):
    """A product near an embedding."""

    @property
    def product_id(self) -> str:
        """Which."""
        ...

    @property
    def similarity(self) -> float:
        """Cosine in [-1, 1] of its nearest reference image."""
        ...


class SearchableCatalog(Protocol):
    """What the pipeline needs of a catalog snapshot."""

    @property
    def name(self) -> str:
        """The catalog's name."""
        ...

    @property
    def index_version(self) -> int:
        """Journal number."""
        ...

    @property
    def products(self) -> Mapping[str, Product]:
        """Live products by id."""
        ...

    @property
    def calibrations(self) -> Mapping[str, Calibration]:
        """How it decides, by `Decision.model_id`."""
        ...

    def encoding(self, image_id: str) -> Encoding:
        """What is kept of a reference image."""
        ...

    def shortlist(self, embedding: NDArray[np.float32], size: int) -> Sequence[Neighbour]:
        """Nearest products, best first, at most `size`."""
        ...


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
    """Embedding first, keypoint votes second."""

    def __init__(self, shelf: ReferenceCache) -> None:
        self._shelf = shelf
        self._lock = Lock()
        self._tables: OrderedDict[tuple[str, ...], _Table] = OrderedDict()

    def shortlist(
        self,
        embedding: NDArray[np.float32],
        features: LocalFeatures,
        catalog: SearchableCatalog,
        size: int,
    ) -> Shortlist:
        """At most `size` products; fewer if the catalog has fewer."""
        near = catalog.shortlist(embedding, max(_BY_EMBEDDING, size))
        similarities = {one.product_id: one.similarity for one in near}
        references = self._references(sorted(similarities), catalog)
        if len(references) <= _VERIFY_ALL or len(features) == 0:
            ranked = list(similarities)[:size]
        else:
            ranked = self._by_votes(references, features, list(similarities))[:size]
        chosen = set(ranked)
        return Shortlist(
            tuple(ranked),
            tuple(one for one in references if one.product_id in chosen),
            similarities,
        )

    def _references(
        self, product_ids: Sequence[str], catalog: SearchableCatalog
    ) -> tuple[Reference, ...]:
        return tuple(
            self._shelf.get(catalog, product_id, image.image_id)
            for product_id in product_ids
            for image in catalog.products[product_id].images
        )

    def _by_votes(
        self, references: tuple[Reference, ...], features: LocalFeatures, near: Sequence[str]
    ) -> list[str]:
        table = self._table(references)
        if len(table.descriptors) == 0:
            return list(near)
        voters = features.descriptors[:_VOTERS]
        cosine = voters @ table.descriptors.T
        nearest = np.maximum.reduceat(cosine, table.starts, axis=1)
        rank = min(_BACKGROUND_RANK, nearest.shape[1] - 1)
        background = -np.partition(-nearest, rank, axis=1)[:, rank]
        votes = np.maximum(nearest - background[:, None], 0.0).sum(axis=0)
        best: dict[str, float] = dict.fromkeys(near, 0.0)
        for reference, vote in zip(table.references, votes, strict=True):
            best[reference.product_id] = max(best[reference.product_id], float(vote))
        return sorted(best, key=lambda product_id: -best[product_id])

    def _table(self, references: tuple[Reference, ...]) -> _Table:
        key = tuple(one.image_id for one in references)
        with self._lock:
            if key in self._tables:
                self._tables.move_to_end(key)
                return self._tables[key]
        described = tuple(one for one in references if len(one.features))
        most = max(_ASKED // max(len(described), 1), _LEAST_ASKED)
        rows = [one.features.descriptors[:most] for one in described]
        sizes = np.array([0, *map(len, rows)], np.intp)
        table = _Table(
            described,
            np.concatenate(rows) if rows else np.zeros((0, 1), np.float32),
            np.cumsum(sizes)[:-1],
        )
        with self._lock:
            self._tables[key] = table
            while len(self._tables) > _KEPT_TABLES:
                self._tables.popitem(last=False)
        return table
