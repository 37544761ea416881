"""TIFF files of samples that Pillow does not write."""

import struct
from typing import Any

from numpy.typing import NDArray

_SHORT, _LONG = 3, 4


def tiff_of(
    samples: NDArray[Any],
    *,
    bits: int,
    order: str = "<",
    photometric: int = 1,
    size: tuple[int, int] | None = None,
) -> bytes:
    """A TIFF file in one strip.

    Args:
        samples: (H, W) or (H, W, 3), in the file's order; any bytes if `size` is given.
        bits: per sample.
        order: "<" or ">".
        photometric: 0 where zero is white, 1 where it is black, 2 for RGB.
        size: width and height.
    """
    height, width = samples.shape[:2] if size is None else size[::-1]
    per_pixel = 3 if photometric == 2 else 1
    body = samples.tobytes()
    start = 8 + 2 + 12 * 9 + 4
    tags = (
        (256, _LONG, width),
        (257, _LONG, height),
        (258, _SHORT, bits),
        (259, _SHORT, 1),
        (262, _SHORT, photometric),
        (273, _LONG, start + 6),
        (277, _SHORT, per_pixel),
        (278, _LONG, height),
        (279, _LONG, len(body)),
    )
    entries = b""
    for tag, kind, value in tags:
        packed = struct.pack(f"{order}{'H2x' if kind == _SHORT else 'I'}", value)
        count = 1
        if tag == 258 and per_pixel == 3:
            packed, count = struct.pack(f"{order}I", start), 3
        entries += struct.pack(f"{order}HHI", tag, kind, count) + packed
    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(f"{order}HIH", 42, 8, len(tags))
    return head + entries + bytes(4) + struct.pack(f"{order}3H", bits, bits, bits) + body
