"""The keypoint index of one catalog, brought up to date by differences and kept in a file."""

from collections.abc import Iterator, Mapping, Sequence
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
from catalog.search.keypoints.inverted_file import InvertedFile
from catalog.search.keypoints.keypoint_index import KeypointIndex
from catalog.search.vector_index import ImageReference

# A bucket answers after milliseconds, so many are asked for at once.
_READERS: Final = 16
# Fewer are read faster than threads are started.
_FEWEST_PARALLEL: Final = 8
# Images that are read together, so that their descriptors fit in memory.
_AT_ONCE: Final = 256
# Bases of fewer images are made again sooner than they are read.
_WORTH_A_FILE: Final = 64
# Images whose merge takes no longer than a look; it is not worth a thread.
_MERGED_AT_ONCE: Final = 500

Rows = NDArray[np.float32]


class KeypointIndexCache:
    """The newest index of one catalog; every other one is made from it by its difference.

    Safe to share between threads. A large index is merged and written in a thread of its own.
    """

    def __init__(
        self,
        store: EncodingStore,
        files: KeypointFiles | None = None,
        *,
        maintained_at_once: int = _MERGED_AT_ONCE,
    ) -> None:
        """Name where keypoints are read from.

        Args:
            store: of the catalog's encodings.
            files: where bases are kept for the next process; None for nowhere.
            maintained_at_once: images up to which merging and writing is not worth a thread.
        """
        self._store = store
        self._files = files
        self._maintained_at_once = maintained_at_once
        self._lock = Lock()
        self._made_by: tuple[str, ...] = ()
        self._products: Mapping[str, Product] = {}
        self._maintenance: Thread | None = None
        self._saved: InvertedFile | None = None
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
                described = self._described(part_ids, added, coder)
                index = index.with_changes(removed, added, described)
            self._products = products
            self._publish(index)
            self._maintain_if_due(coder)
            return self._index or index

    def index_unless_starting(
        self, part_ids: PartIds, products: Mapping[str, Product], coder: KeypointCoder
    ) -> KeypointIndex | None:
        """Return the index as `index` does; None while another thread makes the very first one.

        That takes minutes for a large catalog whose base nobody kept, and then nobody shall wait.

        Raises:
            NotFound: an encoding is missing in the storage.
        """
        if self._index is None and self._lock.locked():
            return None
        return self.index(part_ids, products, coder)

    def wait(self) -> None:
        """Wait until nothing is merged or written."""
        maintenance = self._maintenance
        if maintenance is not None:
            maintenance.join()

    def _start(self, made_by: tuple[str, ...], coder: KeypointCoder) -> KeypointIndex:
        base = None
        if self._files is not None:
            base = self._files.read(BaseName(self._store.catalog, made_by))
        if base is None:
            return KeypointIndex.empty(coder.codebook)
        self._saved = base.file
        return KeypointIndex.over(coder.codebook, base)

    def _described(
        self, part_ids: PartIds, references: Sequence[ImageReference], coder: KeypointCoder
    ) -> Iterator[Rows]:
        def describe(reference: ImageReference) -> Rows:
            try:
                local = self._store.local(part_ids, reference.image_id)
            except NotFound as error:
                raise NotFound(f"product {reference.product_id}: {error}") from error
            return coder.descriptors(local)

        if len(references) < _FEWEST_PARALLEL:
            yield from map(describe, references)
            return
        with ThreadPoolExecutor(_READERS, thread_name_prefix="keypoints") as pool:
            for start in range(0, len(references), _AT_ONCE):
                yield from pool.map(describe, references[start : start + _AT_ONCE])

    def _maintain_if_due(self, coder: KeypointCoder) -> None:
        index = self._index
        if index is None or not (index.needs_merge or self._is_unsaved(index)):
            return
        if len(index) <= self._maintained_at_once:
            self._publish(self._maintained(index, coder, self._made_by))
        elif self._maintenance is None:
            self._maintenance = Thread(
                target=self._maintain, args=(index, coder, self._made_by), name="merge", daemon=True
            )
            self._maintenance.start()

    def _maintain(
        self, index: KeypointIndex, coder: KeypointCoder, made_by: tuple[str, ...]
    ) -> None:
        maintained = self._maintained(index, coder, made_by)
        with self._lock:
            if made_by == self._made_by and self._index is not None:
                self._publish(maintained.rebased(self._index))
            self._maintenance = None

    def _maintained(
        self, index: KeypointIndex, coder: KeypointCoder, made_by: tuple[str, ...]
    ) -> KeypointIndex:
        """Merge if the delta has grown, and keep the base; on its file where it was written."""
        merged = index.merged() if index.needs_merge else index
        if self._files is None or not self._is_unsaved(merged):
            return merged
        name = BaseName(self._store.catalog, made_by)
        self._files.write(name, merged.base)
        self._saved = merged.base.file  # also where the disk refused: it is not tried all the time
        mapped = self._files.read(name)
        if mapped is None or mapped.references != merged.base.references:
            return merged
        self._saved = mapped.file
        return KeypointIndex.over(coder.codebook, mapped).rebased(merged)

    def _is_unsaved(self, index: KeypointIndex) -> bool:
        base = index.base
        worth = self._files is not None and len(base.references) >= _WORTH_A_FILE
        return worth and base.file is not self._saved

    def _publish(self, index: KeypointIndex) -> None:
        self._index = index
        self._published = (self._products, index)


def _difference(
    index: KeypointIndex, products: Mapping[str, Product]
) -> tuple[set[ImageReference], list[ImageReference]]:
    """Return the references that the index has too many, and those that it lacks."""
    _, wanted = diff_references({}, products)
    have = set(index.references())
    return have.difference(wanted), [reference for reference in wanted if reference not in have]
