"""TIFF files without the notes of their first picture."""

import struct
from typing import Final

LITTLE_ENDIAN: Final = b"II*\0"
BIG_ENDIAN: Final = b"MM\0*"
_ENTRY: Final = 12  # bytes of a tag: number, type, count, and its value or where that lies
# Names, descriptions, programs, dates, copyrights, XMP, IPTC, Photoshop's own, print settings.
_NOTES: Final = frozenset(
    {269, 270, 271, 272, 285, 305, 306, 315, 316, 700, 33432, 33723, 34377, 37724, 50341}
)


def without_notes(data: bytes) -> bytes:
    """Return a TIFF file whose first directory names no notes; all else stays where it is."""
    order = "<" if data.startswith(LITTLE_ENDIAN) else ">"
    try:
        (at,) = struct.unpack_from(f"{order}I", data, 4)
        (count,) = struct.unpack_from(f"{order}H", data, at)
    except struct.error:
        return data
    end = at + 2 + _ENTRY * count
    entries = (data[start : start + _ENTRY] for start in range(at + 2, end, _ENTRY))
    kept = [entry for entry in entries if _tag(entry, order) not in _NOTES]
    if len(kept) == count:
        return data
    directory = struct.pack(f"{order}H", len(kept)) + b"".join(kept) + data[end : end + 4]
    return data[:at] + directory + data[at + len(directory) :]


def _tag(entry: bytes, order: str) -> int:
    return int.from_bytes(entry[:2], "little" if order == "<" else "big")
