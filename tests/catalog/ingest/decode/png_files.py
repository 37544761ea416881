"""PNG files chunk by chunk."""

import struct
import zlib
from typing import Any

from numpy.typing import NDArray

HEADER_END = 8 + 25  # bytes of the signature and the first chunk


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """A PNG file with further chunks behind its header."""
    return png[:HEADER_END] + b"".join(chunks) + png[HEADER_END:]


def png_of(
    samples: NDArray[Any], depth: int, kind: int, *chunks: bytes, width: int | None = None
) -> bytes:
    """A PNG file of samples as they are stored.

    Args:
        samples: a row each, big endian.
        depth: bits per sample.
        kind: of colours, by PNG's number.
        chunks: before the pixels.
        width: in pixels, where several share a byte.
    """
    height = len(samples)
    header = struct.pack(">IIBBBBB", width or samples.shape[1], height, depth, kind, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in samples)
    body = chunk(b"IHDR", header) + b"".join(chunks) + chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")
