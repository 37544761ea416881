"""Reads matches off a matrix of log-probabilities."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """The matches of two sets of keypoints, seen from both sides.

    Attributes:
        matches0: (B, M) int64, index on the second side or -1.
        matches1: (B, N) int64, index on the first side or -1.
        scores0: (B, M) float32 in [0, 1], probability of the mutual best; 0 where there is none.
        scores1: (B, N) float32 in [0, 1], the same from the second side.
    """

    matches0: Tensor
    matches1: Tensor
    scores0: Tensor
    scores1: Tensor


def mutual_matches(log_probabilities: Tensor, threshold: float) -> Assignment:
    """Return pairs that are each other's best and more probable than `threshold`.

    Args:
        log_probabilities: (B, M + 1, N + 1) of `log_assignment`.
        threshold: in [0, 1); pairs at or below it count as unmatched.
    """
    inner = log_probabilities[:, :-1, :-1]
    if 0 in inner.shape[1:]:
        return _empty_assignment(inner)
    best0, best1 = inner.max(dim=2), inner.max(dim=1)
    indices0 = torch.arange(inner.shape[1], device=inner.device)[None]
    indices1 = torch.arange(inner.shape[2], device=inner.device)[None]
    mutual0 = best1.indices.gather(1, best0.indices) == indices0
    mutual1 = best0.indices.gather(1, best1.indices) == indices1
    # Rounding may lift a probability above 1.
    scores0 = torch.where(mutual0, best0.values.exp().clamp(max=1.0), 0.0)
    scores1 = torch.where(mutual1, scores0.gather(1, best1.indices), 0.0)
    valid0 = mutual0 & (scores0 > threshold)
    valid1 = mutual1 & valid0.gather(1, best1.indices)
    return Assignment(
        matches0=best0.indices.where(valid0, -1),
        matches1=best1.indices.where(valid1, -1),
        scores0=scores0,
        scores1=scores1,
    )


def _empty_assignment(inner: Tensor) -> Assignment:

    batch, rows, columns = inner.shape
    none0 = torch.full((batch, rows), -1, dtype=torch.int64, device=inner.device)
    none1 = torch.full((batch, columns), -1, dtype=torch.int64, device=inner.device)
    return Assignment(none0, none1, inner.new_zeros(batch, rows), inner.new_zeros(batch, columns))
