"""Companions: parts that stand beside the embedder's network, and how much each of them counts."""

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# Of the network's own part; those of others are relative to it.
_NETWORK_WEIGHT: Final = 1.0


class Companion(Protocol):
    """A second way to see a picture, trained apart from the embedder's network."""

    @property
    def part(self) -> str:
        """Names it in part ids: another one, or another weight, has another name."""

    @property
    def weight(self) -> float:
        """Of its squared length, where the network's is 1."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def vectors(self, images: Sequence[NDArray[np.uint8]]) -> Floats:
        """Return (N, K) float32 unit vectors of N (H, W, 3) RGB pictures; may block."""


def join_parts(companions: Sequence[Companion]) -> str:
    """Return how part ids end that name these companions; empty without any."""
    return "".join(f"-{companion.part}" for companion in companions)


def stand_together(
    network: Floats, companions: Sequence[Companion], images: Sequence[NDArray[np.uint8]]
) -> Floats:
    """Return (N, D) float32 unit vectors: the network's beside those of its companions.

    Args:
        network: (N, 256) unit vectors of the pictures.
        companions: in the order of the result.
        images: N pictures (H, W, 3) RGB.
    """
    if not companions:
        return network
    weights = np.array([_NETWORK_WEIGHT, *(companion.weight for companion in companions)])
    lengths = np.sqrt(weights / weights.sum())
    vectors = [network, *(companion.vectors(images) for companion in companions)]
    scaled = [vector * length for vector, length in zip(vectors, lengths, strict=True)]
    return np.concatenate(scaled, axis=1).astype(np.float32)
