"""How well a comparator tells photos of a product from photos of its twins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from matcher.keypoints.features import FrontEnd
from matcher.verification.alignment import VIEW_SIDE, score_alignment
from matcher.verification.comparator import mean_difference, prepare_pair, stack_padded
from training.comparator.material import MaterialCounts, collect_material
from training.comparator.pairs import DIFFERENT, UNDECIDED, ComparedPair, draw_pair
from training.data.aligned_photos import AlignedPhoto, align_photos
from training.data.sources import TrainingData

_PAIRS: Final = 128
_BATCH: Final = 16
_SEED: Final = 7


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutPairs:
    """What was not trained on.

    Attributes:
        pairs: drawn, of held-out pictures.
        photos: of held-out cartons, aligned with their own references and with all others.
    """

    pairs: Sequence[ComparedPair]
    photos: Sequence[AlignedPhoto]

    @classmethod
    def of(cls, data: TrainingData, front_end: FrontEnd, amounts: MaterialCounts) -> Self:
        """Everything that is kept for validation; blocks for minutes."""
        material = collect_material(data, amounts, (), held_out=True)
        rng = np.random.default_rng(_SEED)
        pairs = tuple(draw_pair(material, rng) for _ in range(_PAIRS))
        return cls(pairs, align_photos(data, front_end, held_out=True, twins=True))

    def measure(self, net: nn.Module, device: str) -> Mapping[str, float]:
        """AUC of cells in drawn pairs, and of whole photos: their own reference or another's."""
        net.eval()
        place = torch.device(device)
        with torch.inference_mode():
            logits = np.concatenate(
                [
                    net(*stack_inputs(self.pairs[at : at + _BATCH], place)).float().cpu().numpy()
                    for at in range(0, len(self.pairs), _BATCH)
                ]
            )
            told = [_difference(net, one, place) for one in self.photos]
        labels = np.stack([one.labels for one in self.pairs])
        known = labels != UNDECIDED
        return {
            "cells_auc": area_under_roc(logits[known], labels[known] == DIFFERENT),
            "photos_auc": area_under_roc(np.array(told), self._strangers()),
        }

    def untrained(self) -> Mapping[str, float]:
        """AUC of whole photos by what needs no network."""
        aligned = [score_alignment(one.view, one.warped) for one in self.photos]
        unlike = np.array([-one.correlation for one in aligned])
        off_colour = np.array([one.chroma for one in aligned])
        return {
            "correlation_auc": area_under_roc(unlike, self._strangers()),
            "chroma_auc": area_under_roc(off_colour, self._strangers()),
        }

    def _strangers(self) -> NDArray[np.bool_]:
        return np.array([one.product != one.reference for one in self.photos], bool)


def stack_inputs(pairs: Sequence[ComparedPair], device: torch.device) -> tuple[Tensor, Tensor]:
    """References and queries, (B, 3, H, W) in [0, 1] each, on the device."""
    references = stack_padded([one.reference for one in pairs], VIEW_SIDE, VIEW_SIDE)
    queries = stack_padded([one.query for one in pairs], VIEW_SIDE, VIEW_SIDE)
    first, second = (torch.from_numpy(one).to(device) for one in (references, queries))
    layout = torch.channels_last
    return first.contiguous(memory_format=layout), second.contiguous(memory_format=layout)


def area_under_roc(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> float:
    """Chance that a positive scores above a negative; 0.5 where there is none of one kind."""
    high, low = int(positive.sum()), int((~positive).sum())
    if not high or not low:
        return 0.5
    from scipy.stats import rankdata

    ranks = rankdata(scores)[positive].sum()
    return float((ranks - high * (high + 1) / 2) / (high * low))


def _difference(net: nn.Module, photo: AlignedPhoto, device: torch.device) -> float:
    reference, query = prepare_pair(photo.view, photo.warped)
    pair = ComparedPair(reference, query, np.zeros((0, 0), np.int8))
    logits = net(*stack_inputs([pair], device))[0].float().cpu().numpy()
    return mean_difference(logits, photo.view.mask & photo.warped.inside)
