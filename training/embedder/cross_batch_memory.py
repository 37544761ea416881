"""Embeddings of earlier batches, so that a small batch is compared with thousands of views.

After Wang et al., "Cross-Batch Memory for Embedding Learning" (2020): a network changes slowly, so
that its embeddings of some dozens of steps ago are nearly those of now.
"""

from collections.abc import Set

import torch
from torch import Tensor


class CrossBatchMemory:
    """The embeddings of the last views and their labels; no gradient goes through them."""

    def __init__(self, most: int, unsure: Set[int] = frozenset()) -> None:
        """Begin empty.

        Args:
            most: views that are kept.
            unsure: labels that are never kept, because two of them may stand for one product.
        """
        self._most = most
        self._unsure = torch.tensor(sorted(unsure), dtype=torch.int64)
        self._vectors = torch.empty(0, 0)
        self._labels = torch.empty(0, dtype=torch.int64)

    def __len__(self) -> int:
        return len(self._labels)

    def keep(self, embeddings: Tensor, labels: Tensor) -> None:
        """Keep (B, D) views with their (B,) labels; drop the oldest when there are too many."""
        sure = ~torch.isin(labels, self._unsure.to(labels.device))
        vectors, labels = embeddings.detach()[sure].float(), labels[sure]
        if len(self):
            vectors = torch.cat([self._vectors, vectors])
            labels = torch.cat([self._labels, labels])
        self._vectors, self._labels = vectors[-self._most :], labels[-self._most :]

    def contrast(self, embeddings: Tensor, labels: Tensor, temperature: float) -> Tensor:
        """Return the mean over views of -log softmax of their siblings among all kept ones.

        Views without a kept sibling are left out; 0 if none has one.

        Args:
            embeddings: (B, D) float32, unit length.
            labels: (B,).
            temperature: the smaller, the more the nearest strangers count.
        """
        if not len(self):
            return embeddings.new_zeros(())
        siblings = labels[:, None] == self._labels[None]
        known = siblings.any(dim=1)
        if not bool(known.any()):
            return embeddings.new_zeros(())
        logits = embeddings[known] @ self._vectors.T / temperature
        log_share = logits - logits.logsumexp(dim=1, keepdim=True)
        siblings = siblings[known]
        return -((log_share * siblings).sum(dim=1) / siblings.sum(dim=1)).mean()
