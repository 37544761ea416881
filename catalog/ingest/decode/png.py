"""PNG files by their chunks: notes are left out before anything is decoded."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_FRAME: Final = 12  # bytes around a chunk's data: length, kind, checksum
_ANCILLARY: Final = 0x20  # bit of a kind's first letter: the picture is complete without it
_KEPT: Final = frozenset({b"tRNS", b"eXIf"})  # ancillary chunks that pixels depend on
_COLOURS: Final = frozenset({b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM"})
_DEPTH_AT: Final = 24  # bytes into the file: bits per sample, then the kind of colours
_GREY, _RGB = 0, 2  # those kinds that may name a transparent colour
_EXIF_NOTE: Final = b"Raw profile type exif\0"  # ImageMagick's way to keep a photo's EXIF
_LARGEST_PROFILE_BYTES: Final = 16_000_000  # those of printers have up to 10 MB
_LARGEST_EXIF_BYTES: Final = 500_000  # in hexadecimal digits; a JPEG holds at most 64 KB


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A chunk: length, kind, data and checksum, not copied out of the file."""

    whole: memoryview

    @property
    def kind(self) -> bytes:
        """Four letters."""
        return bytes(self.whole[4:8])

    @property
    def data(self) -> memoryview:
        """Its content."""
        return self.whole[8:-4]

    @property
    def valid(self) -> bool:
        """Whether its checksum is right."""
        return zlib.crc32(self.whole[4:-4]) == int.from_bytes(self.whole[-4:], "big")


@dataclass(frozen=True, slots=True)
class PngColours:
    """A PNG file's words on its colours; None or False where it says nothing.

    Attributes:
        coding: primaries and transfer by ITU-T H.273 (cICP).
        profile: ICC.
        srgb: they are sRGB.
        gamma: exponent of encoding, 0.45455 for most.
        chromaticities: x and y of white, red, green and blue.
    """

    coding: tuple[int, int] | None = None
    profile: bytes | None = None
    srgb: bool = False
    gamma: float | None = None
    chromaticities: tuple[float, ...] | None = None


def without_notes(data: bytes) -> bytes:
    """Return a PNG file with those chunks alone that its pixels and orientation depend on.

    Texts, profiles, times, previews and further frames are left out, and so are damaged ancillary
    chunks. What lies behind a chunk that is cut off stays as it is.
    """
    view = memoryview(data)
    kept: list[memoryview | bytes] = [SIGNATURE]
    at = len(SIGNATURE)
    for chunk in _chunks(data):
        at += len(chunk.whole)
        if _is_needed(chunk):
            kept.append(_key_in_eight_bits(chunk, data) if chunk.kind == b"tRNS" else chunk.whole)
    return b"".join([*kept, view[at:]])


def read_colours(data: bytes) -> PngColours:
    """Read what a PNG file says of its colours; damaged chunks say nothing."""
    found: dict[bytes, bytes] = {}
    for chunk in _chunks(data):
        if chunk.kind == b"IDAT":
            break
        if chunk.kind in _COLOURS and chunk.valid:
            found.setdefault(chunk.kind, bytes(chunk.data))
    coding, gamma, chromaticities = (found.get(kind, b"") for kind in (b"cICP", b"gAMA", b"cHRM"))
    return PngColours(
        (coding[0], coding[1]) if len(coding) == 4 else None,
        _profile(found.get(b"iCCP", b"")),
        b"sRGB" in found,
        int.from_bytes(gamma, "big") / 1e5 if len(gamma) == 4 else None,
        _xy(chromaticities) if len(chromaticities) == 32 else None,
    )


def _chunks(data: bytes) -> Iterator[_Chunk]:
    """Walk through a file's whole chunks."""
    view = memoryview(data)[len(SIGNATURE) :]
    while len(view) >= _FRAME:
        size = int.from_bytes(view[:4], "big") + _FRAME
        if size > len(view):
            return
        yield _Chunk(view[:size])
        view = view[size:]


def _is_needed(chunk: _Chunk) -> bool:
    if not chunk.kind[0] & _ANCILLARY:
        return True
    if chunk.kind == b"zTXt":
        return chunk.valid and _is_exif_note(chunk.data)
    return chunk.kind in _KEPT and chunk.valid


def _key_in_eight_bits(chunk: _Chunk, data: bytes) -> memoryview | bytes:
    """Return a chunk that names a transparent colour as Pillow compares it, in 8 bits."""
    depth, colours = data[_DEPTH_AT : _DEPTH_AT + 2]
    if colours == _GREY and depth in (2, 4) and len(chunk.data) == 2:
        level = int.from_bytes(chunk.data, "big") * 255 // (2**depth - 1)
        return _packed(chunk.kind, struct.pack(">H", min(level, 255)))
    if colours == _RGB and depth == 16 and len(chunk.data) == 6:
        return _packed(chunk.kind, struct.pack(">3H", *chunk.data[::2]))
    return chunk.whole


def _packed(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def _is_exif_note(data: memoryview) -> bool:
    start = len(_EXIF_NOTE) + 1
    return bytes(data[: start - 1]) == _EXIF_NOTE and bool(
        _inflated(data[start:], _LARGEST_EXIF_BYTES)
    )


def _profile(data: bytes) -> bytes | None:
    _, _, packed = data.partition(b"\0")
    return _inflated(memoryview(packed)[1:], _LARGEST_PROFILE_BYTES) or None


def _inflated(packed: memoryview, most: int) -> bytes:
    """Return what was compressed; nothing if it is damaged or over `most` bytes."""
    inflate = zlib.decompressobj()
    try:
        plain = inflate.decompress(packed, most)
    except zlib.error:
        return b""
    return plain if inflate.eof else b""


def _xy(data: bytes) -> tuple[float, ...]:
    return tuple(value / 1e5 for value in struct.unpack(">8I", data))
