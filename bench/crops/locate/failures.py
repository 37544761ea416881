"""Wrong answers on a contact sheet, to be looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.crops.locate.baselines import Image, Outline
from bench.tiles import fitted, in_rows

_COLUMNS: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Failure:
    """A wrong answer, with what it was about."""

    full: Image
    other: Image
    outline: Outline | None
    caption: str


def draw_failures(failures: Sequence[Failure], side: int = 180) -> NDArray[np.uint8]:
    """A contact sheet: each wrong answer's two pictures, the true place outlined."""
    tiles = [_tile(failure, side) for failure in failures]
    if not tiles:
        return np.full((side, side, 3), 255, np.uint8)
    return in_rows(tiles, _COLUMNS)


def _tile(failure: Failure, side: int) -> NDArray[np.uint8]:
    full = np.ascontiguousarray(failure.full.copy())
    if failure.outline is not None:
        points = np.rint(failure.outline).astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(full, [points], isClosed=True, color=(255, 0, 0), thickness=3)
    both = [_framed(np.asarray(image, np.uint8), side) for image in (full, failure.other)]
    tile = np.full((side + 18, 2 * side + 8, 3), 255, np.uint8)
    tile[:side, :side], tile[:side, side : 2 * side] = both
    cv2.putText(tile, failure.caption[:60], (2, side + 12), 0, 0.33, (0, 0, 0), 1, cv2.LINE_AA)
    return tile


def _framed(image: Image, side: int) -> Image:
    small = fitted(image, side)
    tile = np.full((side, side, 3), 230, np.uint8)
    tile[: small.shape[0], : small.shape[1]] = small
    return tile
