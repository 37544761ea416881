"""RootSIFT: the front end that needs no training.

SIFT: Lowe, "Distinctive Image Features from Scale-Invariant Keypoints", 2004. The square root:
Arandjelovic and Zisserman, "Three things everyone should know to improve object retrieval", 2012.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from catalog.encodings.encoding import CompactFeatures
from matcher.errors import WeightsError
from matcher.keypoints.features import LocalFeatures

# The storage form; a change needs another part id.
_POINT_UNIT: Final = 64.0  # steps per pixel
_SCALE_STEPS_PER_OCTAVE: Final = 24.0  # one is 3 % of a diameter
_TURN: Final = 2.0 * np.pi
# Descriptors keep 4 bits of each of 64 rotated dimensions: 32 bytes and 6 for the place, so that
# this many keypoints take 31 KB.
_KEPT: Final = 820
_CONTRAST: Final = 0.02  # half of SIFT's default: packaging has pale print


@dataclass(frozen=True, slots=True, eq=False)
class RotatedBasis:
    """Principal axes of RootSIFT, for compact storage.

    Attributes:
        mean: (128,) float32.
        axes: (128, K) float32, orthonormal columns, strongest first; K even.
        spread: (K,) float32, standard deviation along each axis.
    """

    mean: NDArray[np.float32]
    axes: NDArray[np.float32]
    spread: NDArray[np.float32]


def read_basis(path: Path) -> RotatedBasis:
    """Read a basis from a safetensors file.

    Raises:
        WeightsError: the file cannot be read or holds something else.
    """
    try:
        arrays = load_file(path)
        return RotatedBasis(arrays["mean"], arrays["axes"], arrays["spread"])
    except (OSError, KeyError, SafetensorError) as error:
        raise WeightsError(f"{path.name} is no RootSIFT basis: {error}") from error


def extract_rootsift(
    grey: NDArray[np.uint8] | NDArray[np.generic], limit: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Find keypoints of an (H, W) uint8 picture and describe them, strongest first.

    Returns:
        (N, 5) x, y, diameter in pixels, angle in degrees, response; and (N, 128), unit length.
    """
    sift = cv2.SIFT.create(nfeatures=limit, contrastThreshold=_CONTRAST)
    keypoints, raw = sift.detectAndCompute(np.asarray(grey, np.uint8), None)
    if not keypoints:
        return np.zeros((0, 5), np.float32), np.zeros((0, 128), np.float32)
    table = np.array(
        [(k.pt[0], k.pt[1], k.size, k.angle, k.response) for k in keypoints], np.float32
    )
    order = np.argsort(-table[:, 4], kind="stable")[:limit]
    table, raw = table[order], raw[order]
    root = np.sqrt(raw / np.maximum(raw.sum(axis=1, keepdims=True), 1e-9))
    return table, np.asarray(root, np.float32)


class RootSift:
    """Implements `FrontEnd` with OpenCV's SIFT; safe to share between threads."""

    def __init__(self, basis: RotatedBasis) -> None:
        self._basis = basis

    @property
    def part_id(self) -> str:
        """Changes with the size of the basis and all else that alters what `pack` keeps."""
        return f"rootsift-{self._basis.axes.shape[1]}x4-{_KEPT}"

    def extract(self, image: NDArray[np.uint8], limit: int) -> LocalFeatures:
        """Return at most `limit` features of an (H, W, 3) RGB picture, strongest first."""
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        height, width = grey.shape
        table, root = extract_rootsift(grey, limit)
        if len(table) == 0:
            return self._nothing(width, height)
        return LocalFeatures(
            points=table[:, :2],
            scales=table[:, 2],
            angles=np.radians(table[:, 3]) % np.float32(_TURN),
            scores=table[:, 4] / np.float32(max(float(table[0, 4]), 1e-9)),
            descriptors=self._rotate(root),
            width=width,
            height=height,
        )

    def pack(self, features: LocalFeatures) -> CompactFeatures:
        """Keep the strongest keypoints with 4-bit descriptors: at most 38 bytes each."""
        kept = features.select(np.arange(min(len(features), _KEPT)))
        levels = kept.descriptors / (self._basis.spread * 0.5) + 7.5
        nibbles = np.clip(np.rint(levels), 0, 15).astype(np.uint8)
        steps = np.log2(np.maximum(kept.scales, 1.0)) * _SCALE_STEPS_PER_OCTAVE
        turns = np.rint(kept.angles * (256 / _TURN)).astype(np.int64) % 256
        return CompactFeatures(
            points=np.clip(np.rint(kept.points * _POINT_UNIT), 0, 65535).astype(np.uint16),
            scales=np.clip(np.rint(steps), 0, 255).astype(np.uint8),
            angles=turns.astype(np.uint8),
            codes=(nibbles[:, 0::2] << 4 | nibbles[:, 1::2]).astype(np.uint8),
        )

    def unpack(self, compact: CompactFeatures, width: int, height: int) -> LocalFeatures:
        """Undo `pack` up to its quantisation."""
        count = len(compact.points)
        if count == 0:
            return self._nothing(width, height)
        nibbles = np.empty((count, compact.codes.shape[1] * 2), np.float32)
        nibbles[:, 0::2] = compact.codes >> 4
        nibbles[:, 1::2] = compact.codes & 15
        levels = nibbles - np.float32(7.5)
        descriptors = np.asarray(levels * (self._basis.spread * 0.5), np.float32)
        return LocalFeatures(
            points=compact.points.astype(np.float32) / np.float32(_POINT_UNIT),
            scales=np.exp2(compact.scales.astype(np.float32) / _SCALE_STEPS_PER_OCTAVE).astype(
                np.float32
            ),
            angles=compact.angles.astype(np.float32) * np.float32(_TURN / 256),
            scores=np.linspace(1.0, 0.1, count, dtype=np.float32),
            descriptors=_unit(descriptors),
            width=width,
            height=height,
        )

    def _rotate(self, root: NDArray[np.float32]) -> NDArray[np.float32]:
        return _unit(np.asarray((root - self._basis.mean) @ self._basis.axes, np.float32))

    def _nothing(self, width: int, height: int) -> LocalFeatures:
        empty = np.zeros(0, np.float32)
        dimensions = self._basis.axes.shape[1]
        return LocalFeatures(
            np.zeros((0, 2), np.float32),
            empty,
            empty,
            empty,
            np.zeros((0, dimensions), np.float32),
            width,
            height,
        )


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-9), np.float32)
