"""Shortlist: which references are worth verifying.

Two ways lead onto it. Every keypoint of the picture votes in the whole catalog (local naive Bayes
nearest neighbour, McCann and Lowe, 2012): it votes for the references that it is much nearer to
than to the rest. And the embedding knows what looks alike where there is too little print to vote.
"""

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from catalog.records.calibration import Calibration
from catalog.records.product import ReferenceImage
from catalog.search.keypoints.votes import ImageVote
from catalog.search.vector_index import Neighbour
from matcher.keypoints.features import LocalFeatures
from matcher.results import Way
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
        """Return products that keypoints vote for, best first; None where they cannot vote."""


@dataclass(frozen=True, slots=True)
class ShortlistSettings:
    """Bounds of the shortlist."""

    by_embedding: int = 64  # products whose similarity is known; of them the nearest are listed
    by_embedding_alone: int = 1  # place kept for the nearest, however many others have votes
    voters: int = 700  # strongest keypoints of the query, where there is no index of keypoints
    per_product: int = 8  # references of a product that are verified; the most voted one is
    descriptors: int = 60_000  # without an index of keypoints: searched at once
    least_descriptors: int = 64  # without an index: of each reference, however many there are
    background_rank: int = 8  # without an index: a vote is the lead over the reference of this rank
    kept_tables: int = 8  # without an index: descriptor tables in memory, those used last


SHORTLIST_SETTINGS: Final = ShortlistSettings()


@dataclass(frozen=True, slots=True, eq=False)
class Shortlist:
    """Products worth verifying, best first, with their references and similarities.

    Attributes:
        product_ids: of them.
        references: of them, at most `ShortlistSettings.per_product` of each.
        similarities: cosine by product, of the nearest in the catalog.
        ways: by which of the ways each of them would be listed alone.
    """

    product_ids: tuple[str, ...]
    references: tuple[Reference, ...]
    similarities: Mapping[str, float]
    ways: Mapping[str, tuple[Way, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    references: tuple[Reference, ...]
    descriptors: NDArray[np.float32]
    starts: NDArray[np.intp]


class Shortlister:
    """Narrows a catalog by keypoint votes and by embedding; thread-safe."""

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
        settings = self._settings
        near = catalog.shortlist(embedding, max(settings.by_embedding, size))
        similarities = {neighbour.product_id: neighbour.similarity for neighbour in near}
        if len(features) == 0 or len(catalog.products) <= size:
            return self._listed(catalog, list(similarities)[:size], similarities)
        votes = catalog.votes(features.descriptors, size)
        if votes is None:
            return self._gated(features, catalog, size, similarities)
        voted = {vote.product_id: vote.image_id for vote in votes}
        chosen = _united(list(voted), list(similarities), size, settings.by_embedding_alone)
        return self._listed(catalog, chosen, similarities, voted)

    def _gated(
        self,
        features: LocalFeatures,
        catalog: SearchableCatalog,
        size: int,
        similarities: Mapping[str, float],
    ) -> Shortlist:
        """Without an index of keypoints: they vote among the nearest by embedding."""
        references = [
            reference
            for product_id in sorted(similarities)
            for reference in self._cache.of_product(catalog, product_id)
        ]
        ranked = self._by_votes(tuple(references), features, list(similarities))[:size]
        return self._listed(catalog, ranked, similarities)

    def _listed(
        self,
        catalog: SearchableCatalog,
        product_ids: Sequence[str],
        similarities: Mapping[str, float],
        voted: Mapping[str, str] | None = None,
    ) -> Shortlist:
        by_votes = voted or {}
        references = tuple(
            self._cache.get(catalog, product_id, image)
            for product_id in sorted(product_ids)
            for image in self._images(catalog, product_id, by_votes.get(product_id))
        )
        size = len(product_ids)
        alone = ((Way.VOTES, list(by_votes)[:size]), (Way.EMBEDDING, list(similarities)[:size]))
        ways = {
            product_id: tuple(way for way, found in alone if product_id in found)
            for product_id in product_ids
        }
        return Shortlist(tuple(product_ids), references, similarities, ways)

    def _images(
        self, catalog: SearchableCatalog, product_id: str, voted: str | None
    ) -> Sequence[ReferenceImage]:
        """Return the images worth verifying: the first ones, and the one with most votes."""
        images, most = catalog.products[product_id].images, self._settings.per_product
        if len(images) <= most:
            return images
        best = [image for image in images[most - 1 :] if image.image_id == voted]
        return [*images[: most - 1], *(best or images[most - 1 : most])]

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


def _united(voted: Sequence[str], near: Sequence[str], size: int, near_alone: int) -> list[str]:
    """Return the best of both ways, most votes first; the nearest keep a few places."""
    chosen = dict.fromkeys(voted[: max(size - near_alone, 0)])
    for product_id in [*near, *voted]:
        if len(chosen) >= size:
            break
        chosen.setdefault(product_id)
    return list(chosen)
