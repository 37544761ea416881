"""JPEG files by their segments: without notes, and what those lack that end too early."""

import re
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import numpy as np
from PIL import Image

SIGNATURE: Final = b"\xff\xd8\xff"
_START: Final = b"\xff\xd8"
END: Final = b"\xff\xd9"
_SCAN: Final = 0xDA  # the marker of a scan's header; its bits follow
_COMMENT: Final = 0xFE  # the marker of a text for people
_APPLICATIONS: Final = range(0xE0, 0xF0)
# Notes that count: their marker, how they begin, and how many bytes they have at least.
_KEPT: Final = (
    (0xE0, b"JFIF\0", 14),
    (0xE1, b"Exif\0\0", 14),
    (0xE1, b"http://ns.adobe.com/xap/1.0/\0", 30),
    (0xE2, b"ICC_PROFILE\0", 14),
    (0xEE, b"Adobe", 12),
)
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_COEFFICIENTS: Final = 64  # of a block; a progressive file sends them in several scans
# Ends a scan's data: any marker but stuffing, restarts and fill.
_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
# Two fillers, each bit of one the opposite of the other's, so that they become different blocks.
_FILLER: Final = bytes(1 + (37 * n * n + 11 * n) % 254 for n in range(1 << 14))
_OPPOSITE: Final = bytes(255 - value for value in _FILLER)
_CORNER_PX: Final = 8  # the least that a decoder leaves out: one block
_NOTHING: Final = (127, 128)  # what a block that is not there becomes; 127 where inks are inverted


@dataclass(frozen=True, slots=True)
class _Segment:
    """A marker with its header; a scan's bits follow behind it.

    Attributes:
        marker: the second byte.
        start: of the segment, in bytes of the file.
        header: what follows the length.
        end: behind the header.
    """

    marker: int
    start: int
    header: bytes
    end: int


@dataclass(frozen=True, slots=True)
class _Scans:
    """A file up to the end of its last whole segment, and whether no scan is missing."""

    data: bytes
    complete: bool


def without_notes(data: bytes) -> bytes:
    """Return a JPEG file with those notes alone that its pixels and orientation depend on.

    Comments, maker's notes, indexes of further pictures and what is too short are left out.
    """
    kept, end = [data[: len(_START)]], len(_START)
    for segment in _segments(data):
        if segment.marker == _SCAN:
            break
        end = segment.end
        if _is_needed(segment):
            kept.append(data[segment.start : end])
    return b"".join([*kept, data[end:]])


def with_end_marker(data: bytes) -> bytes | None:
    """Return a JPEG file that lacks its end marker with one; None if rows are missing, too.

    Raises:
        OSError, SyntaxError: it cannot be decoded either way.
    """
    scans = _scans(data)
    return scans.data + END if scans.complete and not lacks_rows(data) else None


def lacks_rows(data: bytes) -> bool:
    """Return whether a JPEG file's scans end before its picture does.

    What is missing is decoded from whatever bits follow: the picture is whole if it is the same
    whichever they are.

    Raises:
        OSError, SyntaxError: it cannot be decoded.
    """
    scans = _scans(data).data
    return _print_of(scans + _FILLER) != _print_of(scans + _OPPOSITE)


def may_lack_rows(picture: Image.Image) -> bool:
    """Return whether a decoded JPEG ends in a block of nothing; cheap, and true of some greys."""
    width, height = picture.size
    corner = picture.crop((width - _CORNER_PX, height - _CORNER_PX, width, height))
    pixels = np.asarray(corner).reshape(_CORNER_PX**2, -1)
    return bool((pixels == pixels[0]).all() and np.isin(pixels[0], _NOTHING).all())


def _print_of(data: bytes) -> int:
    with Image.open(BytesIO(data + END), formats=["JPEG"]) as opened:
        opened.load()
        return zlib.crc32(opened.tobytes())


def _scans(data: bytes) -> _Scans:
    end, components = 0, 0
    pending: dict[int, set[int]] = defaultdict(lambda: set(range(_COEFFICIENTS)))
    for segment in _segments(data):
        end = segment.end
        if segment.marker in _FRAMES and len(segment.header) > 5:
            components = segment.header[5]
        if segment.marker == _SCAN and segment.header:
            _take_away(segment.header, pending)
            end = _end_of_bits(data, segment.end)
    complete = len(pending) == components > 0 and not any(pending.values())
    # A last 0xFF is the first half of a marker, or fill.
    return _Scans(data[:end].rstrip(b"\xff"), complete)


def _take_away(header: bytes, pending: dict[int, set[int]]) -> None:
    """Take the coefficients that a scan brings to their last bit from those still expected."""
    count = header[0]
    tail = header[1 + 2 * count :]
    if len(tail) < 3:
        return
    first, last, precision = tail[0], tail[1], tail[2] & 15
    for component in header[1 : 1 + 2 * count : 2]:
        coefficients = pending[component]
        if precision == 0:
            coefficients -= set(range(first, last + 1))


def _segments(data: bytes) -> Iterator[_Segment]:
    """Walk through a file's whole segments, from the first to its end marker or its last byte."""
    end = len(_START)
    while (found := _MARKER.search(data, end)) is not None and found.group() != END:
        body = found.end()
        length = int.from_bytes(data[body : body + 2], "big")
        end = body + length
        if length < 2 or end > len(data):
            return
        yield _Segment(found.group()[1], found.start(), data[body + 2 : end], end)


def _end_of_bits(data: bytes, start: int) -> int:
    """Return where the bits of a scan end that follow its header."""
    following = _MARKER.search(data, start)
    return following.start() if following else len(data)


def _is_needed(segment: _Segment) -> bool:
    if segment.marker == _COMMENT:
        return False
    if segment.marker not in _APPLICATIONS:
        return True
    return any(
        segment.marker == marker
        and segment.header.startswith(name)
        and len(segment.header) >= least
        for marker, name, least in _KEPT
    )
