"""The vector index of one catalog, kept in memory and brought up to date by differences."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock, Thread
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.encodings.encoding import PartIds
from catalog.encodings.store import EncodingStore
from catalog.errors import NotFound
from catalog.records.product import Product
from catalog.search.vector_index import EXACT_BELOW, ImageReference, VectorIndex

# A bucket answers after milliseconds, so a cold start asks for several at once.
_READERS: Final = 16
# Fewer are read faster than threads are started.
_FEWEST_PARALLEL: Final = 8


class IndexCache:
    """The newest index of one catalog; every other one is made from it by its diff_references.

    Safe to share between threads. A large index is merged in a thread of its own.
    """

    def __init__(self, store: EncodingStore, *, exact_below: int = EXACT_BELOW) -> None:
        self._store = store
        self._exact_below = exact_below
        self._lock = Lock()
        self._part_id = ""
        self._products: Mapping[str, Product] = {}
        self._index = VectorIndex.of(exact_below=exact_below)
        self._merging: Thread | None = None
        self._is_used = False
        # Readers take this without the lock, which is held while embeddings are read.
        self._published: tuple[Mapping[str, Product], VectorIndex] = (self._products, self._index)

    @property
    def is_used(self) -> bool:
        """Whether an index was asked for, so that this process searches the catalog."""
        return self._is_used

    def start_with(
        self,
        part_ids: PartIds,
        products: Mapping[str, Product],
        references: Sequence[ImageReference],
        vectors: NDArray[np.float32],
    ) -> None:
        """Take over embeddings that were read in one piece; all of the products' references."""
        with self._lock:
            self._part_id = part_ids.embedding
            self._products = products
            self._index = VectorIndex.of(references, vectors, exact_below=self._exact_below)
            self._published = (products, self._index)

    def index(self, part_ids: PartIds, products: Mapping[str, Product]) -> VectorIndex:
        """Return the index of these products; reads the embeddings that it does not have yet.

        Raises:
            NotFound: an embedding is missing in the storage.
        """
        with self._lock:
            self._is_used = True
            if part_ids.embedding != self._part_id:
                self._part_id = part_ids.embedding
                self._products = {}
                self._index = VectorIndex.of(exact_below=self._exact_below)
            removed, added = diff_references(self._products, products)
            if removed or added:
                vectors = self._embeddings(part_ids, added)
                self._index = self._index.with_changes(removed, added, vectors)
            self._products = products
            self._merge_if_due()
            self._published = (products, self._index)
            return self._index

    def current(self, products: Mapping[str, Product]) -> VectorIndex | None:
        """Return the newest index if it is of these products, merged or not; otherwise None.

        Never waits.
        """
        published, index = self._published
        return index if products is published else None

    def wait(self) -> None:
        """Wait until no merge is running."""
        merging = self._merging
        if merging is not None:
            merging.join()

    def _embeddings(
        self, part_ids: PartIds, references: Sequence[ImageReference]
    ) -> list[NDArray[np.float32]]:
        if len(references) < _FEWEST_PARALLEL:
            return [self._embedding(part_ids, reference) for reference in references]
        with ThreadPoolExecutor(_READERS, thread_name_prefix="embeddings") as pool:
            return list(
                pool.map(lambda reference: self._embedding(part_ids, reference), references)
            )

    def _embedding(self, part_ids: PartIds, reference: ImageReference) -> NDArray[np.float32]:
        try:
            return self._store.embedding(part_ids, reference.image_id)
        except NotFound as error:
            raise NotFound(f"product {reference.product_id}: {error}") from error

    def _merge_if_due(self) -> None:
        if not self._index.needs_merge:
            return
        if not self._index.merges_slowly:
            self._index = self._index.merged()
        elif self._merging is None:
            merge = Thread(
                target=self._merge, args=(self._index, self._part_id), name="merge", daemon=True
            )
            self._merging = merge
            merge.start()

    def _merge(self, index: VectorIndex, part_id: str) -> None:
        merged = index.merged()
        with self._lock:
            if part_id == self._part_id:
                self._index = merged.rebased(self._index)
                self._published = (self._products, self._index)
            self._merging = None


def references_of(product: Product) -> list[ImageReference]:
    """Return one reference for each of a product's pictures."""
    return [ImageReference(product.product_id, image.encoding_id) for image in product.images]


def diff_references(
    before: Mapping[str, Product], after: Mapping[str, Product]
) -> tuple[set[ImageReference], list[ImageReference]]:
    """Return the references that were removed and those that were added."""
    removed: set[ImageReference] = set()
    added: list[ImageReference] = []
    for product_id, product in before.items():
        if after.get(product_id) is not product:
            removed.update(references_of(product))
    for product_id, product in after.items():
        if before.get(product_id) is not product:
            added += references_of(product)
    stay = removed.intersection(added)
    return removed - stay, [reference for reference in added if reference not in stay]
