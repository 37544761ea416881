"""Validation of pairing, on pairs of pictures that are never trained on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.keypoints.features import Correspondences, LocalFeatures
from training.superglue.pairs import DUSTBIN, Relation, TrainingPair

FindPairs = Callable[[LocalFeatures, LocalFeatures], Correspondences]
"""Finds pairs of a query's and a reference's keypoints."""

# Wrong pairs are counted in units of so many, so that figures lie near [0, 1].
_MANY: Final = 50.0


@dataclass(slots=True)
class _PairCount:
    correct: int = 0
    found: int = 0
    true: int = 0

    def add(self, pair: TrainingPair, found: Correspondences) -> None:
        """Count found pairs; those without a known truth count neither for nor against."""
        truth = pair.query_targets[found.query]
        back = pair.reference_targets[found.reference]
        known = (truth >= DUSTBIN) | (back >= 0)
        self.correct += int((truth == found.reference).sum())
        self.found += int(known.sum())
        self.true += int((pair.query_targets >= 0).sum())

    def figures(self, name: str) -> dict[str, float]:
        return {
            f"{name}_precision": self.correct / max(self.found, 1),
            f"{name}_recall": self.correct / max(self.true, 1),
        }


def measure_pairing(pairs: Sequence[TrainingPair], find: FindPairs) -> dict[str, float]:
    """Measure precision and recall of pairs, and how many pairs a wrong reference draws.

    Returns:
        `flat_…` on composed scenes, `photo_…` on real photos, and `twin_drawn` and `other_drawn`:
        pairs with a reference that is not there, in fifties.
    """
    flat, photo = _PairCount(), _PairCount()
    drawn: Mapping[Relation, list[int]] = {Relation.TWIN: [], Relation.OTHER: []}
    for pair in pairs:
        found = find(pair.query, pair.reference)
        if pair.relation is Relation.SHOWN:
            (photo if pair.photo else flat).add(pair, found)
        else:
            drawn[pair.relation].append(int(_certain(pair.query_targets)[found.query].sum()))
    return {
        **flat.figures("flat"),
        **photo.figures("photo"),
        **{f"{kind.value}_drawn": float(np.mean(n or [0])) / _MANY for kind, n in drawn.items()},
    }


def harmonic_mean(figures: Mapping[str, float], name: str) -> float:
    """Return the harmonic mean of a kind's precision and recall."""
    precision, recall = figures[f"{name}_precision"], figures[f"{name}_recall"]
    return 2 * precision * recall / max(precision + recall, 1e-9)


def _certain(targets: NDArray[np.int64]) -> NDArray[np.bool_]:
    return targets >= DUSTBIN
