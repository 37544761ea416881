"""Sinkhorn's optimal transport and mutual best pairs in NumPy: `superglue` without torch."""

import numpy as np
from numpy.typing import NDArray


def assignment_probabilities(
    scores: NDArray[np.floating], bin_score: float, iterations: int
) -> NDArray[np.float64]:
    """Return the probability of every pair; `superglue.sinkhorn.log_assignment` is its logarithm.

    Works on factors in float64 instead of logarithms: after the first, exact step in the log domain
    every row and column holds a 1, so nothing that matters underflows.

    Args:
        scores: (M, N), both at least 1.
        bin_score: the score of staying unmatched.
        iterations: of the normalisation, at least 1.

    Returns:
        (M, N) in [0, 1], without the dustbins.
    """
    rows, columns = scores.shape
    couplings = np.full((rows + 1, columns + 1), bin_score, dtype=np.float64)
    couplings[:-1, :-1] = scores
    kernel = np.exp(couplings - couplings.max(axis=1, keepdims=True))
    mass0, mass1 = np.ones(rows + 1), np.ones(columns + 1)
    mass0[-1], mass1[-1] = columns, rows
    right = np.ones(columns + 1)
    left = mass0
    for _ in range(iterations):
        left = mass0 / (kernel @ right)
        right = mass1 / (left @ kernel)
    plan: NDArray[np.float64] = kernel[:-1, :-1] * left[:-1, None] * right[:-1]
    return plan


def select_mutual_pairs(
    probabilities: NDArray[np.float64], threshold: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Return the pairs that are each other's best and more probable than `threshold`.

    Args:
        probabilities: (M, N), both at least 1.
        threshold: in [0, 1).

    Returns:
        (K,) rows, (K,) columns and (K,) probabilities in [0, 1].
    """
    best0, best1 = probabilities.argmax(axis=1), probabilities.argmax(axis=0)
    rows = np.arange(len(best0))
    values = np.minimum(probabilities[rows, best0], 1.0)
    kept = np.flatnonzero((best1[best0] == rows) & (values > threshold))
    return kept.astype(np.int64), best0[kept].astype(np.int64), values[kept].astype(np.float32)
