"""Keypoints and descriptors of one picture, and the protocols that extract and match them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from catalog.encodings.encoding import CompactFeatures


@dataclass(frozen=True, slots=True, eq=False)
class LocalFeatures:
    """All keypoints of one picture, strongest first.

    Attributes:
        points: (N, 2) float32, (x, y) in pixels, integer = pixel centre.
        scales: (N,) float32, diameter of the described patch in pixels.
        angles: (N,) float32, radians in [0, 2 pi); zeros where the front end has none.
        scores: (N,) float32 in [0, 1].
        descriptors: (N, D) float32, unit length.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
    """

    points: NDArray[np.float32]
    scales: NDArray[np.float32]
    angles: NDArray[np.float32]
    scores: NDArray[np.float32]
    descriptors: NDArray[np.float32]
    width: int
    height: int

    def __len__(self) -> int:
        return len(self.points)

    def select(self, keep: NDArray[np.bool_] | NDArray[np.intp]) -> "LocalFeatures":
        """Return the keypoints of a mask or of indices, in that order."""
        return LocalFeatures(
            self.points[keep],
            self.scales[keep],
            self.angles[keep],
            self.scores[keep],
            self.descriptors[keep],
            self.width,
            self.height,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Correspondences:
    """Pairs of keypoints of a query and a reference.

    Attributes:
        query: (M,) int64, indices of the query's keypoints.
        reference: (M,) int64, indices of the reference's keypoints.
        scores: (M,) float32 in [0, 1].
    """

    query: NDArray[np.int64]
    reference: NDArray[np.int64]
    scores: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.query)

    @classmethod
    def joined(cls, parts: "Sequence[Correspondences]") -> "Correspondences":
        """Return all pairs of several parts, in their order; none without parts."""
        none = np.empty(0, np.int64)
        return cls(
            np.concatenate([none, *(part.query for part in parts)]),
            np.concatenate([none, *(part.reference for part in parts)]),
            np.concatenate([np.empty(0, np.float32), *(part.scores for part in parts)]),
        )


class FrontEnd(Protocol):
    """Finds and describes keypoints: SuperPoint, or RootSIFT without training."""

    @property
    def part_id(self) -> str:
        """Names network, weights and preprocessing; a folder's name in the catalog."""

    def extract(self, image: NDArray[np.uint8], limit: int) -> LocalFeatures:
        """Return at most `limit` features of an (H, W, 3) RGB picture; perhaps none."""

    def pack(self, features: LocalFeatures) -> CompactFeatures:
        """Return the storage form, at most 32 KB."""

    def unpack(self, compact: CompactFeatures, width: int, height: int) -> LocalFeatures:
        """Return the features that `pack` kept, for a canonical crop of that size."""


class KeypointMatcher(Protocol):
    """Pairs keypoints: SuperGlue, or nearest neighbours with a ratio test."""

    def match(
        self, query: LocalFeatures, references: Sequence[LocalFeatures]
    ) -> list[Correspondences]:
        """Match one query with several references, in their order; empty features have no pairs."""
