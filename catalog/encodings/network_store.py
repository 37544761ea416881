"""Networks made for one catalog, kept in it by their hash: `models/{sha256}.safetensors`.

The id of an embedding part holds the beginning of its network's hash, so that the journal entry
that switches to it also says which object it is.
"""

import hashlib
import time
from collections.abc import Callable, Collection
from typing import Final

from catalog.errors import CatalogError, NotFound
from catalog.storage.base import Storage

# A dozen times a ResNet34 in float32; what is larger is no network of ours.
MOST_BYTES: Final = 1 << 30
# Whoever uploads a network commits to it well within a day.
GRACE_SECONDS: Final = 24 * 3600.0
_SUFFIX: Final = ".safetensors"
# Hexadecimal digits of a hash that an embedding part id holds.
_SHORTEST: Final = 16


class NetworkStore:
    """Reads and writes the networks of one catalog; bytes only, nothing is interpreted."""

    def __init__(
        self, storage: Storage, catalog: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._storage = storage
        self._catalog = catalog
        self._folder = f"{catalog}/models/"
        self._clock = clock

    def save(self, data: bytes) -> str:
        """Keep a file; the same one twice is kept once.

        Returns:
            Its SHA-256, hex.

        Raises:
            StorageUnavailable: the storage refused.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        self._storage.put(self._key(sha256), data)
        return sha256

    def find(self, digest: str) -> str | None:
        """Return the SHA-256 of the one file whose hash begins so; None if none or several do.

        Args:
            digest: at least 16 hexadecimal digits.

        Raises:
            StorageUnavailable: the storage refused.
        """
        if len(digest) < _SHORTEST:
            raise ValueError(f"{digest!r} is too short to name a file by")
        found = [sha256 for sha256 in self.hashes() if sha256.startswith(digest)]
        return found[0] if len(found) == 1 else None

    def get(self, sha256: str) -> bytes:
        """Return a file, checked against its hash.

        Raises:
            NotFound: there is none.
            CatalogError: it is damaged, or another one.
            StorageUnavailable: the storage refused.
        """
        data = self._storage.get(self._key(sha256))
        if len(data) > MOST_BYTES or hashlib.sha256(data).hexdigest() != sha256:
            raise CatalogError(
                f"the networks {self._key(sha256)} are damaged; make them again with: "
                f"skulens train embedder --catalog {self._catalog}"
            )
        return data

    def hashes(self) -> tuple[str, ...]:
        """Return the hashes of all files, sorted."""
        keys = self._storage.list(self._folder)
        return tuple(key.removeprefix(self._folder).removesuffix(_SUFFIX) for key in keys)

    def tidy(self, part_ids: Collection[str]) -> tuple[str, ...]:
        """Remove files older than a day that none of these embedding part ids names.

        Returns:
            Hashes of what was removed.

        Raises:
            StorageUnavailable: the storage refused.
        """
        limit = self._clock() - GRACE_SECONDS
        removed = []
        for sha256 in self.hashes():
            if any(sha256[:_SHORTEST] in part_id for part_id in part_ids):
                continue
            try:
                is_old = self._storage.modified(self._key(sha256)) < limit
            except NotFound:
                continue
            if is_old:
                self._storage.delete(self._key(sha256))
                removed.append(sha256)
        return tuple(removed)

    def _key(self, sha256: str) -> str:
        return f"{self._folder}{sha256}{_SUFFIX}"
