"""Pairs keypoints with SuperGlue."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from matcher.keypoints.attention import AttentionMatcher
from matcher.keypoints.sinkhorn import assignment_probabilities
from matcher.networks.runtime import LoadedNetwork


@dataclass(frozen=True, slots=True)
class SuperGlueSettings:
    """How pairs are chosen.

    Attributes:
        threshold: pairs at or below this probability count as unmatched.
        iterations: of Sinkhorn's normalisation.
        keypoints: most of each side, those most similar to one of the other; all if it is 0.
    """

    threshold: float = 0.2
    iterations: int = 100
    keypoints: int = 0


class SuperGlueMatcher(AttentionMatcher):
    """Implements `KeypointMatcher`; one pair per keypoint, by optimal transport."""

    def __init__(self, network: LoadedNetwork, settings: SuperGlueSettings | None = None) -> None:
        """Take a loaded SuperGlue.

        Args:
            network: with the functions `encode` and `attend`.
            settings: those that belong to the weights if none are given.
        """
        chosen = settings or _settings_of(network)
        super().__init__(network, chosen.threshold, chosen.keypoints)
        self.settings = chosen
        self._bin_score = network.facts["bin_score"]

    @override
    def probabilities(
        self, y0: NDArray[np.float32], y1: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """Return (M, N) probabilities of pairs of (M, C) and (N, C) vectors."""
        scores = y0 @ y1.T / np.float32(np.sqrt(y0.shape[1]))
        return assignment_probabilities(scores, self._bin_score, self.settings.iterations)


def _settings_of(network: LoadedNetwork) -> SuperGlueSettings:
    option, plain = network.weights.option, SuperGlueSettings()
    return SuperGlueSettings(
        threshold=option("match_threshold", plain.threshold),
        iterations=int(option("sinkhorn_iterations", plain.iterations)),
        keypoints=int(option("keypoints", plain.keypoints)),
    )
