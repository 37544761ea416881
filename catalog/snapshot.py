"""A catalog at one moment: an immutable snapshot that can be searched."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from catalog.encodings.cache import EncodingCache
from catalog.encodings.encoders import CatalogEncoders
from catalog.encodings.encoding import Encoding, PartIds
from catalog.errors import NotFound
from catalog.journal.state import CatalogState
from catalog.records.calibration import Calibration
from catalog.records.feedback import Feedback
from catalog.records.product import Product, image_key
from catalog.search.filters import Conditions
from catalog.search.index_cache import IndexCache
from catalog.search.keypoints.keypoint_cache import KeypointIndexCache
from catalog.search.keypoints.keypoint_index import KeypointIndex
from catalog.search.keypoints.votes import ImageVote
from catalog.search.printed_texts import PrintedTextCache
from catalog.search.search import SearchQuery, SearchResult, run_search
from catalog.search.text_index import TextIndex
from catalog.search.vector_index import IndexHealth, Neighbour, VectorIndex
from catalog.storage.base import Storage


@dataclass(frozen=True, slots=True)
class CatalogSources:
    """Sources that the snapshots of one catalog read from and share.

    Attributes:
        storage: of the pictures.
        index_cache: of the newest index.
        keypoints: the newest index of keypoints.
        encodings: of the reference pictures.
        encoders: whose queries the catalog can answer.
        printed: what is printed on products.
        texts: of the products' words.
    """

    storage: Storage
    index_cache: IndexCache
    keypoints: KeypointIndexCache
    encodings: EncodingCache
    encoders: CatalogEncoders
    printed: PrintedTextCache
    texts: TextIndex = field(default_factory=TextIndex)


class Catalog:
    """Immutable snapshot; safe to share between threads.

    Products are in memory; embeddings, encodings and pictures are read when they are first needed.
    """

    def __init__(self, state: CatalogState, sources: CatalogSources) -> None:
        self._state = state
        self._sources = sources
        self._index: VectorIndex | None = None
        self._keypoints: KeypointIndex | None = None

    @property
    def name(self) -> str:
        """The catalog's name."""
        return self._state.name

    @property
    def index_version(self) -> int:
        """Number of the last journal entry in it."""
        return self._state.sequence

    @property
    def part_ids(self) -> PartIds:
        """Ids of the networks that made its encodings."""
        return self._state.part_ids

    @property
    def products(self) -> Mapping[str, Product]:
        """Live products by id, in the order they were added; read-only."""
        return self._state.products

    @property
    def calibrations(self) -> Mapping[str, Calibration]:
        """Calibrations by the id of the networks; all others decide as shipped; read-only."""
        return self._state.calibrations

    @property
    def feedback(self) -> tuple[Feedback, ...]:
        """Opinions of answers, the newest last."""
        return self._state.feedback

    def encoding(self, encoding_id: str) -> Encoding:
        """Return the encoding of a reference image; read from the storage at its first use.

        Args:
            encoding_id: `ReferenceImage.encoding_id`.

        Raises:
            NotFound: there is none.
            Conflict: the catalog was encoded by other networks.
        """
        self._check_networks()
        return self._sources.encodings.get(self.part_ids, encoding_id)

    def picture(self, image_id: str) -> bytes:
        """Return the original file of a reference image.

        Raises:
            NotFound: no product has it, or it is missing in the storage.
        """
        for product in self.products.values():
            for image in product.images:
                if image.image_id == image_id:
                    key = image_key(self.name, image_id, image.extension)
                    return self._sources.storage.get(key)
        raise NotFound(f"no product of catalog {self.name} has a picture {image_id}")

    def shortlist(self, embedding: NDArray[np.float32], size: int) -> tuple[Neighbour, ...]:
        """Return the products most similar to a (D,) float32 unit embedding, best first.

        A product appears once, with its most similar picture; there are fewer than `size` only
        when the catalog has fewer.

        Raises:
            Conflict: the catalog was encoded by other networks.
            NotFound: an embedding is missing in the storage.
            Invalid: the embedding is not of the catalog's dimension.
        """
        return self._ready().search(embedding, size)

    def votes(
        self, descriptors: NDArray[np.float32], size: int, without: Collection[str] = ()
    ) -> tuple[ImageVote, ...] | None:
        """Return the products that the most keypoints of a query vote for, best first.

        A product appears once, with its best image. The first call of a process reads the
        keypoints of all references, or maps them where another process kept them.

        Args:
            descriptors: (V, D) float32, unit length, of the query, strongest keypoint first.
            size: products at most; there are fewer when fewer get a vote.
            without: ids of images that are left out, as if the catalog lacked them.

        Returns:
            None where keypoints cannot vote: there is no codebook for the front end, or another
            thread makes the catalog's very first index at the moment.

        Raises:
            Conflict: the catalog was encoded by other networks.
            NotFound: an encoding is missing in the storage.
            Invalid: the descriptors are of another length, or not finite.
        """
        coder = self._sources.encoders.get(self.part_ids).coder
        if coder is None:
            return None
        keypoints = self._sources.keypoints
        index = keypoints.current(self.products) or self._keypoints
        if index is None:
            index = keypoints.index_unless_starting(self.part_ids, self.products, coder)
        self._keypoints = index  # kept for when the newest is of other products
        return None if index is None else index.votes(descriptors, size, without)

    @property
    def votes_are_ready(self) -> bool:
        """Whether keypoints voted among these very products before; then the next vote is quick."""
        return self._sources.keypoints.current(self.products) is not None

    def search(self, query: SearchQuery, near: Sequence[Neighbour] | None = None) -> SearchResult:
        """Search for products by words and conditions, and by similarity where that is given.

        Words alone need no networks: also a catalog that other networks encoded can be searched.
        Words are also those that were read on the products' pictures.

        Args:
            query: what to look for; without words and similarity all products are found, by id.
            near: products by similarity, best first; fused with what the words find.

        Raises:
            StorageUnavailable: what is printed on products cannot be read.
        """
        texts = None
        if query.text:
            printed = self._sources.printed.source(self.part_ids)
            texts = self._sources.texts.search(query.text, self.products, printed)
        return run_search(query, self.products, self.index_version, texts, near)

    def near(
        self, embedding: NDArray[np.float32], size: int, where: Conditions
    ) -> tuple[Neighbour, ...]:
        """Return a shortlist of the products that meet the conditions; as `shortlist`."""
        depth = size
        while True:
            found = self.shortlist(embedding, depth)
            kept = [n for n in found if where.hold(self.products[n.product_id])]
            if len(kept) >= size or len(found) < depth:
                return tuple(kept[:size])
            depth *= 4

    def warm_up(self) -> None:
        """Read what the first shortlist needs, so that it is quick; votes once they were asked for.

        Raises:
            Conflict: the catalog was encoded by other networks.
            NotFound: an embedding is missing in the storage.
        """
        self._ready()
        if self._sources.keypoints.is_used:
            self.warm_up_votes()

    def warm_up_votes(self) -> None:
        """Read, or map, what the first votes need; minutes for a large catalog, the first time.

        Raises:
            Conflict: the catalog was encoded by other networks.
            NotFound: an encoding is missing in the storage.
        """
        coder = self._sources.encoders.get(self.part_ids).coder
        if coder is not None:
            self._sources.keypoints.index(self.part_ids, self.products, coder)

    @property
    def index_health(self) -> IndexHealth | None:
        """The state of its index; None before it was needed."""
        current = self._sources.index_cache.current(self.products)
        index = self._index if current is None else current
        return None if index is None else index.health

    def _ready(self) -> VectorIndex:
        self._check_networks()
        current = self._sources.index_cache.current(self.products)
        if current is not None:
            self._index = current  # kept for when the newest is of other products
            return current
        # Two threads may both find None; they get indexes that answer alike.
        if self._index is None:
            self._index = self._sources.index_cache.index(self.part_ids, self.products)
        return self._index

    def _check_networks(self) -> None:
        self._sources.encoders.get(self.part_ids)


class Snapshots:
    """Makes snapshots of one catalog; the same object while nothing changes."""

    def __init__(self, sources: CatalogSources) -> None:
        self._sources = sources
        self._lock = Lock()
        self._newest: Catalog | None = None

    def of(self, state: CatalogState) -> Catalog:
        """Return the snapshot of a live catalog's state."""
        with self._lock:
            newest = self._newest
            if newest is None or newest.index_version < state.sequence:
                newest = self._newest = Catalog(state, self._sources)
        return newest if newest.index_version == state.sequence else Catalog(state, self._sources)
