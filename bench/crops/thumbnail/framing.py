"""How often the ranker prefers the photographer's framing, on pictures that it never saw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.crops.thumbnail.feature_map import FeatureNetwork
from matcher.crops.thumbnail.framing_pairs import cut_window, draw_same_size, draw_windows
from matcher.crops.thumbnail.ranker import FramingRanker

RANDOM: Final = "random crops"
SAME_SIZE: Final = "same size elsewhere"
_WINDOWS: Final = 4  # of each kind and picture


@dataclass(frozen=True, slots=True, eq=False)
class FramedSource:
    """Held-out pictures from one place.

    Attributes:
        name: for people.
        images: (H, W, 3) uint8 RGB each.
    """

    name: str
    images: Sequence[NDArray[np.uint8]]


def measure_framing(
    network: FeatureNetwork, ranker: FramingRanker, sources: Sequence[FramedSource], seed: int
) -> dict[str, Mapping[str, float]]:
    """Return shares of pairs won, by source and over all pictures.

    Every window is cut out, blurred alike and judged as a photo of its own: nothing of the picture
    around it, and no border of a feature map, can tell it from the original.
    """
    rng = np.random.default_rng(seed)
    won: dict[str, list[NDArray[np.bool_]]] = {}
    for source in sources:
        for image in source.images:
            pair = _judge(network, ranker, image, rng)
            won.setdefault(source.name, []).append(pair)
            won.setdefault("all", []).append(pair)
    return {
        name: {
            kind: float(share)
            for kind, share in zip((RANDOM, SAME_SIZE), _means(pairs), strict=True)
        }
        for name, pairs in won.items()
    }


def _judge(
    network: FeatureNetwork,
    ranker: FramingRanker,
    image: NDArray[np.uint8],
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """Return (2, N): whether the original beat random crops, and the middle those elsewhere."""

    def score(windows: NDArray[np.float64]) -> NDArray[np.float32]:
        return np.concatenate([_alone(network, ranker, cut_window(image, row)) for row in windows])

    whole = score(np.array([[0.0, 0.0, 1.0, 1.0]]))
    random, same = score(draw_windows(rng, _WINDOWS)), score(draw_same_size(rng, _WINDOWS))
    return np.stack([whole > random, same[0] > same[1:]])


def _alone(
    network: FeatureNetwork, ranker: FramingRanker, image: NDArray[np.uint8]
) -> NDArray[np.float32]:
    features = network.look(image)
    return ranker.score(features, np.array([[0.0, 0.0, features.width, features.height]]))


def _means(pairs: Sequence[NDArray[np.bool_]]) -> list[float]:
    return [float(share) for share in np.mean(pairs, axis=(0, 2))]
