"""Pictures in rows: contact sheets, to be looked at."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_PAPER: Final = 255  # grey

Image = NDArray[np.uint8]


def in_rows(tiles: Sequence[Image], columns: int) -> Image:
    """Lay (H, W, 3) tiles of one size out in rows, white where a row is not full.

    Raises:
        ValueError: there is no tile.
    """
    if not tiles:
        raise ValueError("a sheet needs a tile")
    blank = np.full_like(tiles[0], _PAPER)
    full = [*tiles, *[blank] * (-len(tiles) % columns)]
    rows = [np.hstack(full[at : at + columns]) for at in range(0, len(full), columns)]
    return np.asarray(np.vstack(rows), np.uint8)


def fitted(picture: Image, side: int) -> Image:
    """Return a picture, reduced or enlarged to `side` pixels of its longer side."""
    factor = side / max(picture.shape[:2])
    height, width = (min(max(round(length * factor), 1), side) for length in picture.shape[:2])
    resized = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(resized, np.uint8)
