"""Finds faces with the MTCNN cascade.

Zhang et al., "Joint face detection and alignment using multi-task cascaded convolutional networks"
(2016). A net proposes squares at every size of a pyramid, two more refine and judge them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.crops.thumbnail.face_mosaic import CELL_PX, STRIDE_PX, TILE_PX, FaceMosaic
from matcher.imaging.box import Box
from matcher.imaging.resize import halved
from matcher.networks.runtime import NetworkFunction

# Facts of MTCNN as it was trained.
_REFINED_SIDE: Final = 24
_JUDGED_SIDE: Final = 48
_SHRINK: Final = 0.5**0.5  # of the next size of the pyramid: half the area
_SAME_FACE: Final = 0.5  # intersection over union from which two boxes are one face
_MOST_LEVELS: Final = 30  # more than any picture has
_MOST_FACES: Final = 100  # of a crowd; more are not told apart
# Squares that the nets judge at once: always as many, because they are prepared for a size of their
# input as the first one is.
_REFINED_AT_ONCE, _JUDGED_AT_ONCE = 32, 8
_TILES_AT_ONCE: Final = 4  # that the first net looks at
_MIDDLE, _SPREAD = 127.5, 128.0  # of its input

# (left, top, right, bottom, confidence) a row
Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FoundFace:
    """A face in a picture.

    Attributes:
        box: in its pixels; eyebrows to chin, about.
        confidence: in [0, 1].
    """

    box: Box
    confidence: float


class FaceFinder(Protocol):
    """Finds faces."""

    def find(self, image: NDArray[np.uint8]) -> tuple[FoundFace, ...]:
        """Return the faces of an (H, W, 3) RGB picture, most confident first; perhaps none."""


@dataclass(frozen=True, slots=True)
class FaceSettings:
    """Limits of what counts as a face; low, because a cut face costs more than a false one.

    Attributes:
        smallest: pixels of the shortest side that is looked for.
        largest_picture: pixels of the longer side; a larger picture is looked at reduced.
        proposed: lowest confidence of the first net.
        refined: of the second.
        judged: of the third.
        most: proposals that the second net looks at.
    """

    smallest: int = 22
    largest_picture: int = 1280
    proposed: float = 0.7
    refined: float = 0.7
    judged: float = 0.5
    most: int = 400


class FaceCascade:
    """MTCNN; implements `FaceFinder`."""

    def __init__(
        self,
        propose: NetworkFunction,
        refine: NetworkFunction,
        judge: NetworkFunction,
        settings: FaceSettings | None = None,
    ) -> None:
        """Take the three nets, each from (B, W, H, 3) to offsets (…, 4) first, chances last."""
        self._propose, self._refine, self._judge = propose, refine, judge
        self.settings = settings or FaceSettings()

    def find(self, image: NDArray[np.uint8]) -> tuple[FoundFace, ...]:
        """Return the faces of an (H, W, 3) RGB picture, most confident first; blocks."""
        settings = self.settings
        factor = min(1.0, settings.largest_picture / max(image.shape[:2]))
        small = _resized(image, factor) if factor < 1 else image
        rows = self._found(small)
        rows[:, :4] /= factor
        height, width = image.shape[:2]
        faces = (FoundFace(Box(*row[:4]).clipped(width, height), row[4]) for row in rows.tolist())
        return tuple(face for face in faces if face.box.area > 0)

    def _found(self, image: NDArray[np.uint8]) -> Rows:
        """Return the upright faces of a picture."""
        settings = self.settings
        rows = self._proposals(image)
        halved = _halved_often(image)
        for net, side, at_once, least, overlap in (
            (self._refine, _REFINED_SIDE, _REFINED_AT_ONCE, settings.refined, 0.7),
            (self._judge, _JUDGED_SIDE, _JUDGED_AT_ONCE, settings.judged, _SAME_FACE),
        ):
            if len(rows):
                squares = _squared(rows)
                parts = np.stack([_cut(halved, row, side) for row in squares])
                offsets, chances = _run_at_once(net, parts, at_once)
                rows = _moved(squares, offsets, chances, least, overlap)
        return rows

    def _proposals(self, image: NDArray[np.uint8]) -> Rows:
        """Return squares that may hold a face, of all sizes."""
        levels = _levels(image, CELL_PX / self.settings.smallest)
        if not levels:
            return np.zeros((0, 5), np.float32)
        mosaic = FaceMosaic.of(levels)
        found = self._judged_cells(list(mosaic.tiles()))
        on = mosaic.levels_at(found[:, :2].astype(np.intp))
        rows = []
        for number, (level, place) in enumerate(zip(levels, mosaic.places, strict=True)):
            here = found[on == number]
            scale = np.array([image.shape[1] / level.shape[1], image.shape[0] / level.shape[0]])
            near = here[:, :2] - place[:2]
            corners = np.concatenate([near, near + CELL_PX], axis=1) + CELL_PX * here[:, 2:6]
            placed = np.column_stack([corners * np.tile(scale, 2), here[:, 6]])
            rows.append(_suppressed(placed.astype(np.float32), 0.5, self.settings.most))
        return _suppressed(np.concatenate(rows), 0.7, self.settings.most)

    def _judged_cells(
        self, tiles: Sequence[tuple[int, int, NDArray[np.uint8]]]
    ) -> NDArray[np.float32]:
        """Return left and top of cells on the canvas, four offsets and a chance, (N, 7)."""
        found: list[NDArray[np.float32]] = [np.zeros((0, 7), np.float32)]
        for start in range(0, len(tiles), _TILES_AT_ONCE):
            some = tiles[start : start + _TILES_AT_ONCE]
            parts = np.zeros((_TILES_AT_ONCE, TILE_PX, TILE_PX, 3), np.uint8)
            parts[: len(some)] = [tile for _, _, tile in some]
            offsets, chances = self._propose(_prepared(parts))
            of, x, y = np.nonzero(chances[: len(some), ..., 1] >= self.settings.proposed)
            corners = np.array([(left, top) for left, top, _ in some])
            near = STRIDE_PX * np.stack([x, y], axis=1) + corners[of]
            cells = np.column_stack([near, offsets[of, x, y], chances[of, x, y, 1]])
            found.append(cells.astype(np.float32))
        return np.concatenate(found)


def _levels(image: NDArray[np.uint8], scale: float) -> list[NDArray[np.uint8]]:
    """Return a picture at each size, the largest first, down to that of a cell."""
    found: list[NDArray[np.uint8]] = []
    level = image
    for number in range(_MOST_LEVELS):
        # Every second one is half of the one before the last: that takes the least time.
        level = halved(found[-2]) if number > 1 else _resized(level, _SHRINK if number else scale)
        if min(level.shape[:2]) < CELL_PX:
            break
        found.append(level)
    return found


def _run_at_once(
    net: NetworkFunction, parts: NDArray[np.uint8], at_once: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return offsets (N, 4) and chances (N,) of (N, side, side, 3) parts."""
    offsets, chances = [], []
    for start in range(0, len(parts), at_once):
        some = parts[start : start + at_once]
        padded = np.zeros((at_once, *parts.shape[1:]), np.uint8)
        padded[: len(some)] = some
        outputs = net(_prepared(padded))
        offsets.append(outputs[0][: len(some)].copy())
        chances.append(outputs[-1][: len(some), 1].copy())
    return np.concatenate(offsets), np.concatenate(chances)


def _moved(
    squares: Rows,
    offsets: NDArray[np.float32],
    chances: NDArray[np.float32],
    least: float,
    overlap: float,
) -> Rows:
    """Return the squares that a net takes for faces, moved as it says."""
    kept = chances >= least
    sides = np.tile(squares[kept, 2:4] - squares[kept, :2], 2)
    corners = squares[kept, :4] + offsets[kept] * sides
    rows = np.column_stack([corners, chances[kept]]).astype(np.float32)
    return _suppressed(rows, overlap, _MOST_FACES)


def _halved_often(image: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Return the picture, half of it, a quarter, and so on, from which squares are cut."""
    found = [image]
    while min(found[-1].shape[:2]) >= 4 * _JUDGED_SIDE:
        found.append(halved(found[-1]))
    return found


def _cut(sizes: list[NDArray[np.uint8]], row: NDArray[np.float32], side: int) -> NDArray[np.uint8]:
    """Return a square of a picture, black where it reaches beyond, at another size.

    Args:
        sizes: the picture, and its halves.
        row: left, top, right and bottom in the picture's pixels.
        side: pixels of what is returned.
    """
    half = int(np.log2(max(float(row[2] - row[0]) / side, 1)))
    half = min(half, len(sizes) - 1)
    left, top, right, bottom = (round(edge / 2**half) for edge in row[:4].tolist())
    right, bottom = max(right, left + 1), max(bottom, top + 1)
    inside = sizes[half][max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    if inside.shape[:2] != (bottom - top, right - left):
        before = max(-top, 0), max(-left, 0)
        part = np.zeros((bottom - top, right - left, 3), np.uint8)
        rows, columns = inside.shape[:2]
        part[before[0] : before[0] + rows, before[1] : before[1] + columns] = inside
        inside = part
    return np.asarray(cv2.resize(inside, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)


def _squared(rows: Rows) -> Rows:
    """Return squares around the boxes' centres, as large as the longer side."""
    centres = (rows[:, :2] + rows[:, 2:4]) / 2
    half = (rows[:, 2:4] - rows[:, :2]).max(axis=1, keepdims=True) / 2
    return np.column_stack([centres - half, centres + half, rows[:, 4]]).astype(np.float32)


def _suppressed(rows: Rows, overlap: float, most: int) -> Rows:
    """Return the rows that no surer one covers, surest first; OpenCV's, ten times as fast."""
    corners = np.column_stack([rows[:, :2], rows[:, 2:4] - rows[:, :2]]).astype(np.float64)
    kept = cv2.dnn.NMSBoxes(corners.tolist(), rows[:, 4].tolist(), 0.0, overlap)
    return rows[np.asarray(kept, np.intp).reshape(-1)[:most]]


def _resized(image: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    return _sized(image, round(image.shape[1] * scale), round(image.shape[0] * scale))


def _sized(image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    size = (max(width, 1), max(height, 1))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _prepared(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Turn (B, H, W, 3) uint8 into the nets' input: (B, W, H, 3), about [-1, 1]."""
    across = images.transpose(0, 2, 1, 3)
    return ((across.astype(np.float32) - _MIDDLE) / _SPREAD).astype(np.float32)
