"""An AVIF file's colours in numbers, where it holds no ICC profile."""

from collections.abc import Iterator
from typing import Final

_NEST: Final = (b"meta", b"iprp", b"ipco")  # the boxes around pictures' properties
_FULL_BOX: Final = 4  # bytes of version and flags at the start of `meta`
_CODED: Final = b"nclx"


def read_coding(data: bytes) -> tuple[int, int] | None:
    """Return primaries and transfer by ITU-T H.273; None if the file names none."""
    view = memoryview(data)
    for kind in _NEST:
        view = next((inner for name, inner in _boxes(view) if name == kind), memoryview(b""))
        view = view[_FULL_BOX:] if kind == b"meta" else view
    for name, inner in _boxes(view):
        if name == b"colr" and bytes(inner[:4]) == _CODED and len(inner) >= 8:
            return int.from_bytes(inner[4:6], "big"), int.from_bytes(inner[6:8], "big")
    return None


def _boxes(view: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    while len(view) >= 8:
        size = int.from_bytes(view[:4], "big") or len(view)
        if not 8 <= size <= len(view):
            return
        yield bytes(view[4:8]), view[8:size]
        view = view[size:]
