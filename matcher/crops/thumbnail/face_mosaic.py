"""All sizes of a picture on one canvas, cut into tiles of one size for a net that proposes faces.

OpenVINO prepares a network anew whenever the size of its input changes, which takes as long as
looking; so every input has the same size, whatever the picture's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

CELL_PX: Final = 12  # side that the net judges at once
STRIDE_PX: Final = 2  # between the places that it judges
TILE_PX: Final = 128  # side of a tile: smaller ones overlap more, larger ones are emptier
# Between the darkest and the brightest of a tile, of 255: less is a wall, or the sky.
_LEAST_CONTRAST: Final = 24
_STEP_PX: Final = TILE_PX - CELL_PX + STRIDE_PX  # between tiles: no place is judged twice

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class FaceMosaic:
    """The levels of a pyramid, laid out with black between them.

    Attributes:
        canvas: (H, W, 3) uint8 RGB.
        places: left, top, right and bottom of each level on it, (N, 4) in pixels.
    """

    canvas: Image
    places: NDArray[np.intp]

    @classmethod
    def of(cls, levels: Sequence[Image]) -> "FaceMosaic":
        """Lay levels out, the largest first, on shelves as wide as the first two together."""
        room = levels[0].shape[1] + CELL_PX + max((part.shape[1] for part in levels[1:]), default=0)
        places, left, top, shelf = [], 0, 0, 0
        for level in levels:
            height, width = level.shape[:2]
            if left and left + width > room:
                left, top, shelf = 0, top + shelf + CELL_PX, 0
            places.append((left, top, left + width, top + height))
            left, shelf = left + width + CELL_PX, max(shelf, height)
        corners = np.array(places, np.intp)
        right, bottom = corners[:, 2:].max(axis=0).tolist()
        canvas = np.zeros((_whole_tiles(bottom), _whole_tiles(right), 3), np.uint8)
        for level, (x, y, _, _) in zip(levels, places, strict=True):
            canvas[y : y + level.shape[0], x : x + level.shape[1]] = level
        return cls(canvas, corners)

    def tiles(self) -> Iterator[tuple[int, int, Image]]:
        """Yield left, top and pixels of each tile that shows something of a level."""
        height, width = self.canvas.shape[:2]
        for top in range(0, height - TILE_PX + 1, _STEP_PX):
            for left in range(0, width - TILE_PX + 1, _STEP_PX):
                tile = self.canvas[top : top + TILE_PX, left : left + TILE_PX]
                if self._shows(left, top) and int(np.ptp(tile)) >= _LEAST_CONTRAST:
                    yield left, top, tile

    def _shows(self, left: int, top: int) -> bool:
        """Return whether a part of a level lies on the tile that begins there."""
        return any(
            near_x < left + TILE_PX and near_y < top + TILE_PX and far_x > left and far_y > top
            for near_x, near_y, far_x, far_y in self.places.tolist()
        )

    def levels_at(self, cells: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return on which level the middles of cells lie, (N,); -1 between levels.

        Args:
            cells: (N, 2) left and top on the canvas.
        """
        middles = cells + CELL_PX // 2
        found = np.full(len(cells), -1, np.intp)
        for number, (left, top, right, bottom) in enumerate(self.places.tolist()):
            x, y = middles[:, 0], middles[:, 1]
            found[(x >= left) & (x < right) & (y >= top) & (y < bottom)] = number
        return found


def _whole_tiles(side: int) -> int:
    """Return how long a side of the canvas is so that tiles cover it."""
    return max(-(-(side - TILE_PX) // _STEP_PX), 0) * _STEP_PX + TILE_PX
