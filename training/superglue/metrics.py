"""How well pairs are found, on pairs of pictures that are never trained on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.keypoints.features import Correspondences, LocalFeatures
from training.superglue.pairs import DUSTBIN, Relation, TrainingPair

FindPairs = Callable[[LocalFeatures, LocalFeatures], Correspondences]
"""Pairs of a query's and a reference's keypoints."""

_MANY: Final = 50.0


@dataclass(slots=True)
class _PairCount:
    correct: int = 0
    said: int = 0
    true: int = 0

    def add(self, pair: TrainingPair, said: Correspondences) -> None:
        """What has no known truth counts neither for nor against."""
        truth = pair.query_targets[said.query]
        back = pair.reference_targets[said.reference]
        known = (truth >= DUSTBIN) | (back >= 0)
        self.correct += int((truth == said.reference).sum())
        self.said += int(known.sum())
        self.true += int((pair.query_targets >= 0).sum())

    def figures(self, name: str) -> dict[str, float]:
        return {
            f"{name}_precision": self.correct / max(self.said, 1),
            f"{name}_recall": self.correct / max(self.true, 1),
        }


def measure_pairing(pairs: Sequence[TrainingPair], find: FindPairs) -> dict[str, float]:
    """Precision and recall of pairs, and how many wrong ones a wrong reference draws.

    Returns:
        `flat_…` on composed scenes, `photo_…` on real photos, and `twin_drawn` and `other_drawn`:
        pairs with a reference that is not there, in fifties.
    """
    flat, photo = _PairCount(), _PairCount()
    drawn: Mapping[Relation, list[int]] = {Relation.TWIN: [], Relation.OTHER: []}
    for pair in pairs:
        said = find(pair.query, pair.reference)
        if pair.relation is Relation.SHOWN:
            (photo if pair.photo else flat).add(pair, said)
        else:
            drawn[pair.relation].append(int(_certain(pair.query_targets)[said.query].sum()))
    return {
        **flat.figures("flat"),
        **photo.figures("photo"),
        **{f"{kind.value}_drawn": float(np.mean(n or [0])) / _MANY for kind, n in drawn.items()},
    }


def harmonic_mean(figures: Mapping[str, float], name: str) -> float:
    """Harmonic mean of a kind's precision and recall."""
    precision, recall = figures[f"{name}_precision"], figures[f"{name}_recall"]
    return 2 * precision * recall / max(precision + recall, 1e-9)


def _certain(targets: NDArray[np.int64]) -> NDArray[np.bool_]:
    return targets >= DUSTBIN
