"""Finds faces with the MTCNN cascade.

Zhang et al., "Joint face detection and alignment using multi-task cascaded convolutional networks"
(2016). A net proposes squares at every size of a pyramid, two more refine and judge them.
"""

from dataclasses import dataclass
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.detection.detector import suppress_overlaps
from matcher.imaging.box import Box
from matcher.networks.runtime import NetworkFunction

# Facts of MTCNN as it was trained.
_CELL_PX: Final = 12  # side that the first net judges
_STRIDE_PX: Final = 2  # between the places that it judges
_REFINED_SIDE: Final = 24
_JUDGED_SIDE: Final = 48
_SHRINK: Final = 0.709  # of the next size of the pyramid: half the area
_SIZE_STEP_PX: Final = 16  # of the first net's input
_SAME_FACE: Final = 0.5  # intersection over union from which two boxes are one face
_MOST_FACES: Final = 100  # of a crowd; more are not told apart
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
        for net, side, least, overlap in (
            (self._refine, _REFINED_SIDE, settings.refined, 0.7),
            (self._judge, _JUDGED_SIDE, settings.judged, _SAME_FACE),
        ):
            if len(rows):
                rows = _judged(net, image, _squared(rows), side, least, overlap)
        return rows

    def _proposals(self, image: NDArray[np.uint8]) -> Rows:
        """Return squares that may hold a face, of all sizes."""
        scale = _CELL_PX / self.settings.smallest
        found: list[Rows] = [np.zeros((0, 5), np.float32)]
        level = image
        while min(image.shape[:2]) * scale >= _CELL_PX:
            # Each level from the one before: reducing the whole picture again took longer.
            level = _sized(level, round(image.shape[1] * scale), round(image.shape[0] * scale))
            offsets, chances = self._propose(_prepared(_padded(level)[None]))
            exact = np.array([level.shape[1] / image.shape[1], level.shape[0] / image.shape[0]])
            rows = _placed(offsets[0], chances[0, ..., 1], exact, self.settings.proposed)
            found.append(_suppressed(rows, 0.5, self.settings.most))
            scale *= _SHRINK
        return _suppressed(np.concatenate(found), 0.7, self.settings.most)


def _padded(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the picture with black to the right and below, up to whole steps.

    The network is compiled for each new size of its input; so there are few.
    """
    below, right = (-side % _SIZE_STEP_PX for side in image.shape[:2])
    return np.pad(image, ((0, below), (0, right), (0, 0)))


def _placed(
    offsets: NDArray[np.float32],
    chances: NDArray[np.float32],
    scale: NDArray[np.float64],
    least: float,
) -> Rows:
    """Turn the first net's map, (W, H, 4) and (W, H), into rows in the picture's pixels."""
    x, y = np.nonzero(chances >= least)
    near = _STRIDE_PX * np.stack([x, y], axis=1)
    corners = np.concatenate([near, near + _CELL_PX], axis=1) + _CELL_PX * offsets[x, y]
    rows = corners / np.tile(scale, 2)
    return np.column_stack([rows, chances[x, y]]).astype(np.float32)


def _judged(
    net: NetworkFunction,
    image: NDArray[np.uint8],
    squares: Rows,
    side: int,
    least: float,
    overlap: float,
) -> Rows:
    """Return the squares that a net takes for faces, moved as it says."""
    parts = np.stack([_cut(image, row, side) for row in squares])
    outputs = net(_prepared(parts))
    offsets, chances = outputs[0], outputs[-1][:, 1]
    kept = chances >= least
    sides = np.tile(squares[kept, 2:4] - squares[kept, :2], 2)
    corners = squares[kept, :4] + offsets[kept] * sides
    return _suppressed(
        np.column_stack([corners, chances[kept]]).astype(np.float32), overlap, _MOST_FACES
    )


def _cut(image: NDArray[np.uint8], row: NDArray[np.float32], side: int) -> NDArray[np.uint8]:
    """Return a square of the picture, black where it reaches beyond, at another size."""
    left, top, right, bottom = (round(edge) for edge in row[:4].tolist())
    right, bottom = max(right, left + 1), max(bottom, top + 1)
    inside = image[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    before = max(-top, 0), max(-left, 0)
    part = np.zeros((bottom - top, right - left, 3), np.uint8)
    part[before[0] : before[0] + inside.shape[0], before[1] : before[1] + inside.shape[1]] = inside
    method = cv2.INTER_AREA if bottom - top > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(part, (side, side), interpolation=method), np.uint8)


def _squared(rows: Rows) -> Rows:
    """Return squares around the boxes' centres, as large as the longer side."""
    centres = (rows[:, :2] + rows[:, 2:4]) / 2
    half = (rows[:, 2:4] - rows[:, :2]).max(axis=1, keepdims=True) / 2
    return np.column_stack([centres - half, centres + half, rows[:, 4]]).astype(np.float32)


def _suppressed(rows: Rows, overlap: float, most: int) -> Rows:
    return rows[suppress_overlaps(rows[:, :4], rows[:, 4], overlap, most)]


def _resized(image: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    return _sized(image, round(image.shape[1] * scale), round(image.shape[0] * scale))


def _sized(image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    method = cv2.INTER_AREA if width < image.shape[1] else cv2.INTER_LINEAR
    size = (max(width, 1), max(height, 1))
    return np.asarray(cv2.resize(image, size, interpolation=method), np.uint8)


def _prepared(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Turn (B, H, W, 3) uint8 into the nets' input: (B, W, H, 3), about [-1, 1]."""
    across = images.transpose(0, 2, 1, 3)
    return ((across.astype(np.float32) - _MIDDLE) / _SPREAD).astype(np.float32)
