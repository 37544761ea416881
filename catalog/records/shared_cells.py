"""Cells of a reference picture that show the same as pictures of unrelated products: background."""

from math import isqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.records.kept import PictureSize

# Cells across and down an upright picture, whatever its shape: fine enough to follow a product's
# edge, and 256 letters in the journal.
GRID: Final = 32
_BITS: Final = 4  # of a hexadecimal digit


Area = tuple[float, float, float, float]
"""Left, top, right and bottom, in pixels of the upright picture."""


def pack_cells(cells: NDArray[np.bool_]) -> str:
    """Return (n, n) cells as hexadecimal digits, row by row; empty where no cell is marked."""
    return np.packbits(cells.ravel()).tobytes().hex() if cells.any() else ""


def unpack_cells(text: str) -> NDArray[np.bool_]:
    """Return the (n, n) cells that `pack_cells` wrote; none are marked in what it did not write."""
    side = isqrt(len(text) * _BITS)
    try:
        packed = np.frombuffer(bytes.fromhex(text), np.uint8)
    except ValueError:
        packed = np.empty(0, np.uint8)
    bits = np.unpackbits(packed)
    if side == 0 or len(bits) != side * side:
        return np.zeros((GRID, GRID), np.bool_)
    return bits.reshape(side, side).astype(np.bool_)


def cells_at(
    cells: NDArray[np.bool_], points: NDArray[np.floating], size: PictureSize
) -> NDArray[np.bool_]:
    """Return (N,) whether (N, 2) points, in the picture's pixels, lie in marked cells."""
    columns, rows = places_of(points, size, len(cells))
    return np.asarray(cells[rows, columns], np.bool_)


def places_of(
    points: NDArray[np.floating], size: PictureSize, side: int = GRID
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the columns (N,) and rows (N,) of the cells that (N, 2) points lie in."""
    share = points / np.array([max(size.width, 1), max(size.height, 1)])
    columns, rows = np.clip((share * side).astype(np.intp), 0, side - 1).T
    return columns, rows


def areas_of(cells: NDArray[np.bool_], size: PictureSize) -> list[Area]:
    """Return (n, n) marked cells as areas, one for each run of them in a row."""
    side = len(cells)
    across, down = size.width / side, size.height / side
    edges = np.diff(np.pad(cells, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    areas: list[Area] = []
    for row in range(side):
        starts, ends = np.flatnonzero(edges[row] > 0), np.flatnonzero(edges[row] < 0)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            areas.append((start * across, row * down, end * across, (row + 1) * down))
    return areas
