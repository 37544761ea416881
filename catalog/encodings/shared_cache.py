"""Encodings in a folder of this machine, mapped into memory: its processes share one copy.

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

from catalog.encodings.encoding import CompactFeatures, Encoding, PartIds, ReferenceCrop
from catalog.encodings.store import get_tensor, pack_tensors

LIMIT_BYTES: Final = 16 << 30
_FORMAT: Final = "1"
_CHECKSUM_BYTES: Final = 8
_HEADER_BYTES: Final = 8
# How many files are written between two looks at how large the folder has become.
_TIDIED_EVERY: Final = 2_000
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
        """Take a folder, which need not exist.

        Args:
            folder: of the cache.
            limit: bytes; when it has grown beyond, files that were written first are removed.
        """
        self._folder = folder
        self._limit = limit
        self._lock = Lock()
        self._written = 0

    def get(self, catalog: str, part_ids: PartIds, image_id: str) -> Encoding | None:
        """The encoding of a picture, its arrays read-only views of the file; None if not here."""
        try:
            mapped = np.memmap(self._path(catalog, part_ids, image_id), np.uint8, "r")
            return _encoding(_tensors(mapped))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, catalog: str, part_ids: PartIds, image_id: str, encoding: Encoding) -> None:
        """Keep an encoding; a disk that refuses is no error, as nothing depends on it."""
        body = pack_tensors(_flat(encoding))
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
        ids = (_FORMAT, catalog, part_ids.crop, part_ids.embedding, part_ids.local)
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
        size = sum(one for _, one, _ in files)
        if size <= self._limit:
            return
        for _, one, path in sorted(files):
            if size <= _TIDIED_TO * self._limit:
                return
            with suppress(OSError):  # a file that is mapped stays readable for who mapped it
                os.unlink(path)  # noqa: PTH108 - hundreds of thousands of them
            size -= one


def _tensors(mapped: NDArray[np.uint8]) -> Mapping[str, NDArray[np.generic]]:
    """The arrays of a safetensors object behind its checksum, without copying.

    Raises:
        ValueError: it is cut off or damaged.
        KeyError: it holds something of another version; `TypeError` likewise.
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


def _flat(encoding: Encoding) -> Mapping[str, NDArray[np.generic]]:
    crop, local = encoding.crop, encoding.local
    return {
        "outline": crop.outline,
        "size": np.array([crop.width, crop.height], np.int32),
        "to_picture": crop.to_picture,
        "jpeg": crop.jpeg,
        "mask": crop.mask,
        "embedding": encoding.embedding,
        "points": local.points,
        "scales": local.scales,
        "angles": local.angles,
        "codes": local.codes,
    }


def _encoding(tensors: Mapping[str, NDArray[np.generic]]) -> Encoding:
    width, height = (int(side) for side in get_tensor(tensors, "size", np.int32))
    return Encoding(
        ReferenceCrop(
            outline=get_tensor(tensors, "outline", np.float32),
            width=width,
            height=height,
            to_picture=get_tensor(tensors, "to_picture", np.float64),
            jpeg=get_tensor(tensors, "jpeg", np.uint8),
            mask=get_tensor(tensors, "mask", np.bool_),
        ),
        get_tensor(tensors, "embedding", np.float32),
        CompactFeatures(
            points=get_tensor(tensors, "points", np.uint16),
            scales=get_tensor(tensors, "scales", np.uint8),
            angles=get_tensor(tensors, "angles", np.uint8),
            codes=get_tensor(tensors, "codes", np.uint8),
        ),
    )
