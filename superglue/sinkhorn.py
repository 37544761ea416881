"""Optimal transport with a dustbin (Sinkhorn's algorithm), in the log domain, with masks."""

import torch
from torch import Tensor

# In place of log 0: far below every score, but finite, so that no difference becomes NaN.
_LOG_ZERO = -1e9


def log_assignment(
    scores: Tensor, bin_score: Tensor, mask0: Tensor, mask1: Tensor, iterations: int
) -> Tensor:
    """Return log-probabilities of every pair and of every keypoint's dustbin.

    Each real keypoint has mass 1; the dustbin of a side has as much as the other side has
    keypoints, so rows and columns of real keypoints sum to 1 after exponentiation.

    Args:
        scores: (B, M, N), larger is more alike.
        bin_score: scalar, the score of staying unmatched.
        mask0: (B, M) bool, real keypoints of the first side.
        mask1: (B, N) bool, real keypoints of the second side.
        iterations: of Sinkhorn's normalisation, at least 1.

    Returns:
        (B, M + 1, N + 1) float32; about -1e9 wherever padding is involved.
    """
    rows, columns = _append_bin(mask0), _append_bin(mask1)
    couplings = _augment(scores.float(), bin_score.float())
    couplings = couplings.masked_fill(~(rows[:, :, None] & columns[:, None, :]), _LOG_ZERO)
    counts0, counts1 = mask0.sum(1).float(), mask1.sum(1).float()
    log_mu = _log_marginal(counts1, rows)
    log_nu = _log_marginal(counts0, columns)
    u, v = torch.zeros_like(log_mu), torch.zeros_like(log_nu)
    for _ in range(iterations):
        u = (log_mu - torch.logsumexp(couplings + v[:, None, :], dim=2)).masked_fill(~rows, 0.0)
        v = (log_nu - torch.logsumexp(couplings + u[:, :, None], dim=1)).masked_fill(~columns, 0.0)
    return couplings + u[:, :, None] + v[:, None, :]


def _append_bin(mask: Tensor) -> Tensor:
    return torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)


def _augment(scores: Tensor, bin_score: Tensor) -> Tensor:
    """(B, M, N) to (B, M + 1, N + 1): a dustbin for each side."""
    batch, rows, columns = scores.shape
    right = bin_score.expand(batch, rows, 1)
    below = bin_score.expand(batch, 1, columns + 1)
    return torch.cat([torch.cat([scores, right], dim=2), below], dim=1)


def _log_marginal(others: Tensor, mask: Tensor) -> Tensor:
    """(B, K + 1): 0 for keypoints, log of the other side's count for the bin."""
    bins = others.clamp(min=1.0).log().masked_fill(others == 0, _LOG_ZERO)
    return torch.cat([torch.zeros_like(mask[:, :-1], dtype=bins.dtype), bins[:, None]], dim=1)
