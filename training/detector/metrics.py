"""Average precision and recall of boxes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box


@dataclass(frozen=True, slots=True)
class Found:
    """A box with the detector's confidence in [0, 1]."""

    box: Box
    confidence: float


def average_precision(
    found: Sequence[Sequence[Found]], truth: Sequence[Sequence[Box]], overlap: float = 0.5
) -> float:
    """Area under precision over recall, every point taken; 0 where there is nothing to find.

    Args:
        found: boxes per picture.
        truth: the right boxes per picture.
        overlap: intersection over union from which a box counts as found; each right box once.
    """
    total = sum(len(boxes) for boxes in truth)
    hits: list[tuple[float, bool]] = []
    for boxes, right in zip(found, truth, strict=True):
        hits.extend(_judge(boxes, right, overlap))
    if not hits or not total:
        return 0.0
    hits.sort(key=lambda hit: -hit[0])
    correct = np.cumsum([hit for _, hit in hits])
    precision = correct / np.arange(1, len(hits) + 1)
    return _area(correct / total, np.maximum.accumulate(precision[::-1])[::-1])


def recall(
    found: Sequence[Sequence[Found]],
    truth: Sequence[Sequence[Box]],
    overlap: float = 0.5,
    confidence: float = 0.0,
) -> float:
    """Share of right boxes that some found box covers with that overlap; 0 if there are none."""
    covered = [
        any(one.box.iou(box) >= overlap for one in boxes if one.confidence >= confidence)
        for boxes, right in zip(found, truth, strict=True)
        for box in right
    ]
    return float(np.mean(covered)) if covered else 0.0


def _judge(
    boxes: Sequence[Found], right: Sequence[Box], overlap: float
) -> list[tuple[float, bool]]:
    """Confidence and whether it hits, the surest first; a right box is hit once."""
    free = list(right)
    judged = []
    for one in sorted(boxes, key=lambda one: -one.confidence):
        best = max(free, key=one.box.iou, default=None)
        hit = best is not None and one.box.iou(best) >= overlap
        if best is not None and hit:
            free.remove(best)
        judged.append((one.confidence, hit))
    return judged


def _area(recalls: NDArray[np.float64], precisions: NDArray[np.float64]) -> float:
    steps = np.diff(np.concatenate([[0.0], recalls]))
    return float((steps * precisions).sum())
