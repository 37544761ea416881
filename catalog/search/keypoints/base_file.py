"""Bases of keypoint indices in files of this machine, mapped so that its processes share them.

A file is written whole under another name and then renamed. One that is cut off, damaged, of
another version or of other networks is not read, and the index is made from the encodings again.
The folder may be deleted at any time.
"""

import hashlib
import json
import os
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final
from uuid import uuid4

import numpy as np
from numpy.typing import DTypeLike, NDArray

from catalog.search.keypoints.inverted_file import InvertedFile
from catalog.search.keypoints.keypoint_index import KeypointBlock
from catalog.search.vector_index import ImageReference

_FORMAT: Final = 1  # raise it when the layout changes
_MAGIC: Final = b"skulens keypoints\n"
# The header's length and its checksum, eight bytes each.
_NUMBER_BYTES: Final = 8
# Arrays begin at multiples of it, as processors read them best.
_ALIGNED: Final = 64
_CHUNK_BYTES: Final = 16 << 20
_ARRAYS: Final[Mapping[str, DTypeLike]] = {
    "starts": np.int64,
    "signs": np.uint64,
    "sizes": np.uint64,
    "images": np.int32,
}
# What a process leaves behind that was stopped while it wrote, and bases of networks that were
# switched away from.
_LEFT_BEHIND_SECONDS: Final = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class BaseName:
    """Identity of a base; files of another name are never read.

    Attributes:
        catalog: its name.
        made_by: ids of what made the keypoints, and of the codebook.
    """

    catalog: str
    made_by: tuple[str, ...]


class KeypointFiles:
    """A folder with one base per catalog and codebook; safe to share between processes."""

    def __init__(self, folder: Path) -> None:
        """Name the folder, which need not exist."""
        self._folder = folder

    def read(self, name: BaseName) -> KeypointBlock | None:
        """Return a base as read-only views of its file; None where there is none that is whole."""
        try:
            return _read(self._path(name), name)
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            return None

    def write(self, name: BaseName, base: KeypointBlock) -> None:
        """Keep a base instead of the one before; a disk that refuses is no error."""
        path = self._path(name)
        partial = path.with_name(f".{path.name}.{uuid4().hex}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as opened:
                _write(opened, name, base)
            partial.replace(path)  # who has the old one mapped keeps it
        except OSError:
            with suppress(OSError):
                partial.unlink()
        self._tidy(path)

    def _path(self, name: BaseName) -> Path:
        ids = "\0".join((str(_FORMAT), *name.made_by))
        return self._folder / name.catalog / hashlib.sha256(ids.encode()).hexdigest()[:24]

    def _tidy(self, kept: Path) -> None:
        limit = time.time() - _LEFT_BEHIND_SECONDS
        with suppress(OSError):  # another process tidies too
            for path in kept.parent.iterdir():
                if path != kept and path.stat().st_mtime < limit:
                    path.unlink()


def _write(opened: BinaryIO, name: BaseName, base: KeypointBlock) -> None:
    arrays = {key: np.ascontiguousarray(getattr(base.file, key)) for key in _ARRAYS}
    checksum, end, places = 0, 0, {}
    for key, array in arrays.items():
        checksum = zlib.crc32(array.data.cast("B") if array.size else b"", checksum)
        places[key] = (end, len(array))
        end = _aligned(end + array.nbytes)
    header = {
        "format": _FORMAT,
        "catalog": name.catalog,
        "made_by": name.made_by,
        "references": [(r.product_id, r.image_id) for r in base.references],
        "alive": np.flatnonzero(base.alive).tolist(),
        "arrays": places,
        "checksum": checksum,
    }
    text = json.dumps(header).encode()
    opened.write(_MAGIC)
    for number in (len(text), zlib.crc32(text)):
        opened.write(number.to_bytes(_NUMBER_BYTES, "little"))
    opened.write(text)
    first = _aligned(opened.tell())
    for key, array in arrays.items():
        opened.seek(first + places[key][0])
        array.tofile(opened)
    opened.truncate(first + end)
    opened.flush()
    os.fsync(opened.fileno())


def _read(path: Path, name: BaseName) -> KeypointBlock:
    """Map a file.

    Raises:
        OSError: it is not there.
        ValueError: it is cut off, damaged or not what is looked for.
        KeyError: it is of another version.
        TypeError: the same.
        IndexError: the same.
    """
    mapped: NDArray[np.uint8] = np.memmap(path, np.uint8, "r")
    header, first = _header(mapped)
    made_by = (header["format"], header["catalog"], tuple(header["made_by"]))
    if made_by != (_FORMAT, name.catalog, name.made_by):
        raise ValueError("it is of something else")
    arrays, checksum = {}, 0
    for key, kind in _ARRAYS.items():
        start, count = header["arrays"][key]
        raw = mapped[first + start : first + start + count * np.dtype(kind).itemsize]
        for place in range(0, len(raw), _CHUNK_BYTES):
            checksum = zlib.crc32(raw[place : place + _CHUNK_BYTES].data, checksum)
        arrays[key] = raw.view(np.ndarray).view(kind)
    if checksum != header["checksum"]:
        raise ValueError("the checksum differs")
    references = tuple(ImageReference(*pair) for pair in header["references"])
    alive = np.zeros(len(references), np.bool_)
    alive[header["alive"]] = True
    return KeypointBlock(references, alive, InvertedFile(**arrays))


def _header(mapped: NDArray[np.uint8]) -> tuple[dict[str, Any], int]:
    place = len(_MAGIC)
    if mapped[:place].tobytes() != _MAGIC:
        raise ValueError("it is no base of keypoints")
    length, checksum = (
        int.from_bytes(mapped[start : start + _NUMBER_BYTES].tobytes(), "little")
        for start in (place, place + _NUMBER_BYTES)
    )
    begin = place + 2 * _NUMBER_BYTES
    text = mapped[begin : begin + length].tobytes()
    if zlib.crc32(text) != checksum:
        raise ValueError("its header is damaged")
    return dict(json.loads(text)), _aligned(begin + length)


def _aligned(size: int) -> int:
    return -(-size // _ALIGNED) * _ALIGNED
