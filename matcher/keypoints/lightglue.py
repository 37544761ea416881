"""Pairs keypoints with LightGlue."""

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from matcher.keypoints.attention import AttentionMatcher
from matcher.networks.runtime import LoadedNetwork

_THRESHOLD = 0.1  # probability of a pair, as published
_FURTHEST = 80.0  # log-odds; beyond, an exponential leaves what a float holds


class LightGlueMatcher(AttentionMatcher):
    """Implements `KeypointMatcher`; a pair is probable where both softmaxes agree on it."""

    def __init__(self, network: LoadedNetwork) -> None:
        """Take a loaded LightGlue, with the functions `encode` and `attend`."""
        option = network.weights.option
        threshold = option("match_threshold", _THRESHOLD)
        super().__init__(network, threshold, int(option("keypoints", 0)))

    @override
    def probabilities(
        self, y0: NDArray[np.float32], y1: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """Return (M, N) probabilities, of (M, C + 1) and (N, C + 1) vectors and log-odds."""
        scores = (y0[:, :-1] @ y1[:, :-1].T).astype(np.float64)
        forth = np.exp(scores - scores.max(axis=1, keepdims=True))
        back = np.exp(scores - scores.max(axis=0, keepdims=True))
        both = forth / forth.sum(axis=1, keepdims=True) * back / back.sum(axis=0, keepdims=True)
        plan: NDArray[np.float64] = both * _share(y0[:, -1])[:, None] * _share(y1[:, -1])
        return plan


def _share(log_odds: NDArray[np.float32]) -> NDArray[np.float64]:
    held = np.clip(log_odds.astype(np.float64), -_FURTHEST, _FURTHEST)
    shares: NDArray[np.float64] = 1 / (1 + np.exp(-held))
    return shares
