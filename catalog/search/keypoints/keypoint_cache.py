"""The keypoint index of one catalog, brought up to date by differences and kept in a file."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock, Thread
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.encodings.encoding import KeypointCoder, PartIds
from catalog.encodings.store import EncodingStore
from catalog.errors import NotFound
from catalog.records.product import Product
from catalog.search.index_cache import diff_references
from catalog.search.keypoints.base_file import BaseName, KeypointFiles
from catalog.search.keypoints.keypoint_index import KeypointIndex
from catalog.search.vector_index import ImageReference

# A bucket answers after milliseconds, so many are asked for at once.
_READERS: Final = 16
# Fewer are read faster than threads are started.
_FEWEST_PARALLEL: Final = 8
# Images that are read, described and coded together, so that their descriptors fit in memory.
_AT_ONCE: Final = 256
# Bases of fewer images are made again sooner than they are read.
_WORTH_A_FILE: Final = 64
# Merges that take no longer than a look are not worth a thread.
_MERGED_AT_ONCE: Final = 1_000

Rows = NDArray[np.float32]


class KeypointIndexCache:
    """The newest index of one catalog; every other one is made from it by its difference.

    Safe to share between threads. A large index is merged in a thread of its own.
    """

    def __init__(self, store: EncodingStore, files: KeypointFiles | None = None) -> None:
        """Name where keypoints are read from.

        Args:
            store: of the catalog's encodings.
            files: where bases are kept for the next process; None for nowhere.
        """
        self._store = store
        self._files = files
        self._lock = Lock()
        self._made_by: tuple[str, ...] = ()
        self._products: Mapping[str, Product] = {}
        self._merging: Thread | None = None
        self._index: KeypointIndex | None = None
        # Readers take this without the lock, which is held while keypoints are read.
        self._published: tuple[Mapping[str, Product], KeypointIndex | None] = ({}, None)

    @property
    def is_used(self) -> bool:
        """Whether an index was asked for, so that this process lets keypoints vote."""
        return self._index is not None

    def current(self, products: Mapping[str, Product]) -> KeypointIndex | None:
        """Return the newest index if it is of these products; otherwise None. Never waits."""
        published, index = self._published
        return index if products is published else None

    def index(
        self, part_ids: PartIds, products: Mapping[str, Product], coder: KeypointCoder
    ) -> KeypointIndex:
        """Return the index of these products; reads the keypoints that it does not have yet.

        Raises:
            NotFound: an encoding is missing in the storage.
        """
        with self._lock:
            made_by = (part_ids.crop, part_ids.local, coder.codebook.codebook_id)
            index = self._index
            if index is None or made_by != self._made_by:
                index = self._start(made_by, coder)
                self._made_by, self._products = made_by, {}
                removed, added = _difference(index, products)
            else:
                removed, added = diff_references(self._products, products)
            if removed or added:
                index = self._changed(index, removed, added, part_ids, coder)
            self._index, self._products = index, products
            self._published = (products, index)
            self._merge_if_due(coder)
            return index

    def wait(self) -> None:
        """Wait until no merge is running."""
        merging = self._merging
        if merging is not None:
            merging.join()

    def _start(self, made_by: tuple[str, ...], coder: KeypointCoder) -> KeypointIndex:
        base = None
        if self._files is not None:
            base = self._files.read(BaseName(self._store.catalog, made_by))
        if base is None:
            return KeypointIndex.empty(coder.codebook)
        return KeypointIndex.over(coder.codebook, base)

    def _changed(
        self,
        index: KeypointIndex,
        removed: set[ImageReference],
        added: Sequence[ImageReference],
        part_ids: PartIds,
        coder: KeypointCoder,
    ) -> KeypointIndex:
        for start in range(0, max(len(added), 1), _AT_ONCE):
            some = added[start : start + _AT_ONCE]
            index = index.with_changes(removed, some, self._described(part_ids, some, coder))
            if len(added) > _AT_ONCE and index.needs_merge:
                index = index.merged()
            removed = set()
        return index

    def _described(
        self, part_ids: PartIds, references: Sequence[ImageReference], coder: KeypointCoder
    ) -> list[Rows]:
        def describe(reference: ImageReference) -> Rows:
            try:
                local = self._store.local(part_ids, reference.image_id)
            except NotFound as error:
                raise NotFound(f"product {reference.product_id}: {error}") from error
            return coder.descriptors(local)

        return _read_all(describe, references)

    def _merge_if_due(self, coder: KeypointCoder) -> None:
        index = self._index
        if index is None or not self._is_worth_merging(index):
            return
        if len(index) <= _MERGED_AT_ONCE:
            self._take_merged(index.merged(), coder)
        elif self._merging is None:
            merge = Thread(
                target=self._merge, args=(index, coder), name="merge keypoints", daemon=True
            )
            self._merging = merge
            merge.start()

    def _is_worth_merging(self, index: KeypointIndex) -> bool:
        first = not len(index.base.references) and len(index) >= _WORTH_A_FILE
        return index.needs_merge or (first and self._files is not None)

    def _merge(self, index: KeypointIndex, coder: KeypointCoder) -> None:
        merged = index.merged()
        with self._lock:
            newer = self._index
            if newer is not None and coder.codebook.codebook_id == self._made_by[-1]:
                self._take_merged(merged.rebased(newer), coder)
            self._merging = None

    def _take_merged(self, merged: KeypointIndex, coder: KeypointCoder) -> None:
        """Publish a merged index; on the mapped base where that could be written."""
        if self._files is not None and len(merged.base.references) >= _WORTH_A_FILE:
            name = BaseName(self._store.catalog, self._made_by)
            self._files.write(name, merged.base)
            mapped = self._files.read(name)
            if mapped is not None and mapped.references == merged.base.references:
                merged = KeypointIndex.over(coder.codebook, mapped).rebased(merged)
        self._index = merged
        self._published = (self._products, merged)


def _difference(
    index: KeypointIndex, products: Mapping[str, Product]
) -> tuple[set[ImageReference], list[ImageReference]]:
    """Return the references that the index has too many, and those that it lacks."""
    _, wanted = diff_references({}, products)
    have = set(index.references())
    return have.difference(wanted), [reference for reference in wanted if reference not in have]


def _read_all(
    describe: Callable[[ImageReference], Rows], references: Sequence[ImageReference]
) -> list[Rows]:
    if len(references) < _FEWEST_PARALLEL:
        return [describe(reference) for reference in references]
    with ThreadPoolExecutor(_READERS, thread_name_prefix="keypoints") as pool:
        return list(pool.map(describe, references))
