"""Validation of the comparator: photos of a product against photos of its twins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from matcher.keypoints.features import FrontEnd
from matcher.retrieval.reference import VIEW_SIDE
from matcher.verification.alignment import score_alignment
from matcher.verification.comparator import mean_difference, prepare_pair, stack_padded
from training.comparator.material import MaterialCounts, collect_material
from training.comparator.pairs import DIFFERENT, UNDECIDED, ComparatorPair, draw_pair
from training.data.aligned_photos import AlignedPhoto, align_photos
from training.data.sources import TrainingData

_PAIRS: Final = 128
_BATCH: Final = 16
_SEED: Final = 7


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutPairs:
    """Pairs and photos that were not trained on.

    Attributes:
        pairs: drawn from held-out pictures.
        photos: of held-out cartons, aligned with their own references and with all others.
    """

    pairs: Sequence[ComparatorPair]
    photos: Sequence[AlignedPhoto]

    @classmethod
    def of(cls, data: TrainingData, front_end: FrontEnd, amounts: MaterialCounts) -> Self:
        """Collect everything that is kept for validation; blocks for minutes."""
        material = collect_material(data, amounts, (), held_out=True)
        rng = np.random.default_rng(_SEED)
        pairs = tuple(draw_pair(material, rng) for _ in range(_PAIRS))
        return cls(pairs, align_photos(data, front_end, held_out=True, twins=True))

    def measure(self, net: nn.Module, device: str) -> Mapping[str, float]:
        """Return the AUC of cells in drawn pairs, and of whole photos: own reference or not."""
        net.eval()
        target = torch.device(device)
        with torch.inference_mode():
            logits = np.concatenate(
                [
                    net(*stack_inputs(self.pairs[at : at + _BATCH], target)).float().cpu().numpy()
                    for at in range(0, len(self.pairs), _BATCH)
                ]
            )
            differences = [_difference(net, photo, target) for photo in self.photos]
        labels = np.stack([pair.labels for pair in self.pairs])
        known = labels != UNDECIDED
        return {
            "cells_auc": area_under_roc(logits[known], labels[known] == DIFFERENT),
            "photos_auc": area_under_roc(np.array(differences), self._strangers()),
        }

    def untrained(self) -> Mapping[str, float]:
        """Return the AUC of whole photos by correlation and by colour, which need no network."""
        aligned = [score_alignment(photo.view, photo.warped) for photo in self.photos]
        unlike = np.array([-score.correlation for score in aligned])
        off_colour = np.array([score.chroma for score in aligned])
        return {
            "correlation_auc": area_under_roc(unlike, self._strangers()),
            "chroma_auc": area_under_roc(off_colour, self._strangers()),
        }

    def _strangers(self) -> NDArray[np.bool_]:
        return np.array([photo.product != photo.reference for photo in self.photos], bool)


def stack_inputs(pairs: Sequence[ComparatorPair], device: torch.device) -> tuple[Tensor, Tensor]:
    """Return references and queries, (B, 3, H, W) float32 in [0, 1] each, on the device."""
    references = stack_padded([pair.reference for pair in pairs], VIEW_SIDE, VIEW_SIDE)
    queries = stack_padded([pair.query for pair in pairs], VIEW_SIDE, VIEW_SIDE)
    first, second = (torch.from_numpy(images).to(device) for images in (references, queries))
    layout = torch.channels_last
    return first.contiguous(memory_format=layout), second.contiguous(memory_format=layout)


def area_under_roc(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> float:
    """Return the probability that a positive scores above a negative; 0.5 if one is missing."""
    high, low = int(positive.sum()), int((~positive).sum())
    if not high or not low:
        return 0.5
    from scipy.stats import rankdata

    ranks = rankdata(scores)[positive].sum()
    return float((ranks - high * (high + 1) / 2) / (high * low))


def _difference(net: nn.Module, photo: AlignedPhoto, device: torch.device) -> float:
    reference, query = prepare_pair(photo.view, photo.warped)
    pair = ComparatorPair(reference, query, np.zeros((0, 0), np.int8))
    logits = net(*stack_inputs([pair], device))[0].float().cpu().numpy()
    return mean_difference(logits, photo.view.mask & photo.warped.inside)
