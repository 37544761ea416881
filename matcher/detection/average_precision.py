"""Found boxes against labelled ones: average precision and recall over pictures.

Pictures are judged once; weights count them anew, as the draws of a bootstrap do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from matcher.results import Detection

# Intersection over union from which a box has found a labelled one: PASCAL VOC's bar.
OVERLAP: Final = 0.5

Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class JudgedPicture:
    """The boxes that were found in one picture.

    Attributes:
        confidences: (N,) of the boxes, the surest first.
        hits: (N,) bool, whether each found a labelled box that no surer one had found.
        covered: how many labelled boxes some box covers.
        labelled: how many labelled boxes there are.
    """

    confidences: NDArray[np.float64]
    hits: NDArray[np.bool_]
    covered: int
    labelled: int


def judge(
    found: Sequence[Detection], labelled: Sequence[Box], confidence: float = 0.0
) -> JudgedPicture:
    """Judge a picture's boxes at `OVERLAP`.

    Args:
        found: in any order.
        labelled: the right boxes.
        confidence: boxes below it do not count for `covered`.
    """
    ordered = sorted(found, key=lambda detection: -detection.confidence)
    free = list(labelled)
    hits = []
    for detection in ordered:
        best = max(free, key=detection.box.iou, default=None)
        hit = best is not None and detection.box.iou(best) >= OVERLAP
        if best is not None and hit:
            free.remove(best)
        hits.append(hit)
    sure = [detection.box for detection in ordered if detection.confidence >= confidence]
    covered = sum(any(box.iou(right) >= OVERLAP for box in sure) for right in labelled)
    confidences = np.array([detection.confidence for detection in ordered], np.float64)
    return JudgedPicture(confidences, np.array(hits, bool), covered, len(labelled))


class BoxEvaluation:
    """Judged pictures, counted together."""

    def __init__(self, pictures: Sequence[JudgedPicture]) -> None:
        self._labelled = np.array([picture.labelled for picture in pictures], np.float64)
        self._covered = np.array([picture.covered for picture in pictures], np.float64)
        owners = np.repeat(np.arange(len(pictures)), [len(picture.hits) for picture in pictures])
        confidences = [np.empty(0), *(picture.confidences for picture in pictures)]
        hits = [np.empty(0, bool), *(picture.hits for picture in pictures)]
        order = np.argsort(-np.concatenate(confidences), kind="stable")
        self._owners, self._hits = owners[order], np.concatenate(hits)[order]

    @classmethod
    def of(
        cls,
        found: Sequence[Sequence[Detection]],
        labelled: Sequence[Sequence[Box]],
        confidence: float = 0.0,
    ) -> Self:
        """Judge the boxes of each picture by its labelled ones; see `judge`."""
        pairs = zip(found, labelled, strict=True)
        return cls([judge(boxes, right, confidence) for boxes, right in pairs])

    def average_precision(self, weights: Weights | None = None) -> float:
        """Return the area under precision over recall, every point taken.

        Args:
            weights: (pictures,) how often each picture counts; once if None.

        Returns:
            In [0, 1]; 0 where there is nothing to find.
        """
        weights = np.ones(len(self._labelled)) if weights is None else weights
        total = float(weights @ self._labelled)
        if total == 0 or not len(self._hits):
            return 0.0
        correct = np.cumsum(weights[self._owners] * self._hits)
        judged = np.maximum(np.cumsum(weights[self._owners]), 1e-12)
        precision = np.maximum.accumulate((correct / judged)[::-1])[::-1]
        steps = np.diff(np.concatenate([[0.0], correct])) / total
        return float(steps @ precision)

    def recall(self, weights: Weights | None = None) -> float:
        """Return the share of labelled boxes that some box covers; 0 where there are none."""
        weights = np.ones(len(self._labelled)) if weights is None else weights
        total = float(weights @ self._labelled)
        return float(weights @ self._covered) / total if total else 0.0
