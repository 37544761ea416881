"""Encodings kept in memory, bounded by their bytes."""

from collections import OrderedDict
from threading import Lock
from typing import Final

from catalog.encodings.encoding import Encoding, PartIds
from catalog.encodings.shared_cache import SharedEncodingCache
from catalog.encodings.store import EncodingStore, encoding_tensors

# Thousands of encodings: 32 KB of keypoints and a small JPEG each.
ENCODINGS_BYTES: Final = 128 << 20


class EncodingCache:
    """The encodings used last, within a bound of bytes; safe to share between threads."""

    def __init__(
        self,
        store: EncodingStore,
        *,
        limit: int = ENCODINGS_BYTES,
        shared: SharedEncodingCache | None = None,
    ) -> None:
        """Name the store.

        Args:
            store: of the catalog.
            limit: bytes.
            shared: what the processes of this machine share; None for nothing.
        """
        self._store = store
        self._shared = shared
        self._limit = limit
        self._lock = Lock()
        self._kept: OrderedDict[tuple[PartIds, str], Encoding] = OrderedDict()
        self._bytes = 0

    def get(self, part_ids: PartIds, image_id: str) -> Encoding:
        """Return the encoding of a picture, read at its first use.

        Raises:
            NotFound: it is missing in the storage.
            CatalogError: it is damaged.
        """
        key = (part_ids, image_id)
        with self._lock:
            known = self._kept.get(key)
            if known is not None:
                self._kept.move_to_end(key)
                return known
        encoding = self._read(part_ids, image_id)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = encoding
                self._bytes += size_of(encoding)
            while self._bytes > self._limit and len(self._kept) > 1:
                self._bytes -= size_of(self._kept.popitem(last=False)[1])
        return encoding

    def _read(self, part_ids: PartIds, image_id: str) -> Encoding:
        if self._shared is None:
            return self._store.load(part_ids, image_id)
        catalog = self._store.catalog
        mapped = self._shared.get(catalog, part_ids, image_id)
        if mapped is not None:
            return mapped
        encoding = self._store.load(part_ids, image_id)
        self._shared.put(catalog, part_ids, image_id, encoding)
        return self._shared.get(catalog, part_ids, image_id) or encoding


def size_of(encoding: Encoding) -> int:
    """Return the bytes of an encoding's arrays."""
    return sum(array.nbytes for array in encoding_tensors(encoding).values())
