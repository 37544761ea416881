"""The kinds of weights that are networks; the others are tables."""

from typing import Final

from matcher.networks.weights import Network

TRAINED_NETWORKS: Final = (
    Network.DETECTOR,
    Network.EMBEDDER,
    Network.SUPERPOINT,
    Network.SUPERGLUE,
    Network.COMPARATOR,
)
