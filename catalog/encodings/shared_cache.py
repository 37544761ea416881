"""Encodings in a folder of this machine, mapped into memory, so that its processes share them.

One file per picture, written whole under another name and then renamed; whatever is missing,
damaged or of another version is simply read from the catalog's storage again. The folder may be
deleted at any time.
"""

import hashlib
import json
import os
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final
from uuid import uuid4

import numpy as np
from numpy.typing import DTypeLike, NDArray

from catalog.encodings.encoding import Encoding, PartIds
from catalog.encodings.store import encoding_from, encoding_tensors, pack_tensors
from catalog.errors import CatalogError

# Hundreds of thousands of encodings, and little beside a machine's disk.
LIMIT_BYTES: Final = 16 << 30
_FORMAT: Final = "1"
_CHECKSUM_BYTES: Final = 8
_HEADER_BYTES: Final = 8
# How many files are written between two looks at how large the folder has become.
_TIDIED_EVERY: Final = 2_000
# Share of the limit that is left afterwards, so that tidying is rare.
_TIDIED_TO: Final = 0.8
_TYPES: Final[Mapping[str, DTypeLike]] = {
    "F64": np.float64,
    "F32": np.float32,
    "I32": np.int32,
    "U16": np.uint16,
    "U8": np.uint8,
    "BOOL": np.bool_,
}


class SharedEncodingCache:
    """Encodings of all catalogs of one machine; safe to share between threads and processes."""

    def __init__(self, folder: Path, *, limit: int = LIMIT_BYTES) -> None:
        """Name the folder, which need not exist.

        Args:
            folder: of the cache.
            limit: bytes; when it has grown beyond, files that were written first are removed.
        """
        self._folder = folder
        self._limit = limit
        self._lock = Lock()
        self._written = 0

    def get(self, catalog: str, part_ids: PartIds, image_id: str) -> Encoding | None:
        """Return the encoding of a picture as read-only views of its file; None if absent."""
        try:
            mapped = np.memmap(self._path(catalog, part_ids, image_id), np.uint8, "r")
            tensors = _tensors(mapped)
            return encoding_from(tensors, tensors, tensors, tensors)
        except (OSError, ValueError, KeyError, TypeError, CatalogError):
            return None

    def put(self, catalog: str, part_ids: PartIds, image_id: str, encoding: Encoding) -> None:
        """Keep an encoding; a disk that refuses is no error, as nothing depends on it."""
        body = pack_tensors(encoding_tensors(encoding))
        checksum = zlib.crc32(body).to_bytes(_CHECKSUM_BYTES, "little")
        path = self._path(catalog, part_ids, image_id)
        partial = path.with_name(f".{path.name}.{uuid4().hex}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(checksum + body)
            partial.replace(path)
        except OSError:
            with suppress(OSError):
                partial.unlink()
        self._tidy_now_and_then()

    def _path(self, catalog: str, part_ids: PartIds, image_id: str) -> Path:
        # By catalog too: where a product is in its picture depends on its sibling pictures.
        ids = (_FORMAT, catalog, *part_ids.ids)
        name = hashlib.sha256("\0".join(ids).encode()).hexdigest()[:24]
        return self._folder / name / image_id[:2] / image_id

    def _tidy_now_and_then(self) -> None:
        with self._lock:
            self._written += 1
            if self._written % _TIDIED_EVERY:
                return
        self.tidy()

    def tidy(self) -> None:
        """Remove what was written first, if the folder is over its limit."""
        files: list[tuple[float, int, Path]] = []
        for path in self._folder.rglob("*"):
            with suppress(OSError):  # another process tidies too
                if path.is_file():
                    status = path.stat()
                    files.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in files)
        if total <= self._limit:
            return
        for _, size, path in sorted(files):
            if total <= _TIDIED_TO * self._limit:
                return
            with suppress(OSError):  # a file that is mapped stays readable for who mapped it
                os.unlink(path)  # noqa: PTH108 - hundreds of thousands of them
            total -= size


def _tensors(mapped: NDArray[np.uint8]) -> Mapping[str, NDArray[np.generic]]:
    """Return the arrays of a safetensors object behind its checksum, without copying.

    Raises:
        ValueError: it is cut off or damaged.
        KeyError: it holds something of another version.
        TypeError: it holds something of another version.
    """
    body = mapped[_CHECKSUM_BYTES:]
    if zlib.crc32(body.data) != int.from_bytes(mapped[:_CHECKSUM_BYTES].tobytes(), "little"):
        raise ValueError("the checksum differs")
    length = int.from_bytes(body[:_HEADER_BYTES].tobytes(), "little")
    header = json.loads(body[_HEADER_BYTES : _HEADER_BYTES + length].tobytes())
    data = body[_HEADER_BYTES + length :]
    arrays: dict[str, NDArray[np.generic]] = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        array = data[start:end].view(np.ndarray).view(_TYPES[entry["dtype"]])
        arrays[name] = array.reshape(entry["shape"])
    return arrays
