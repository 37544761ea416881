"""Boxes against labelled boxes: average precision and recall with intervals, in pure numbers.

Pictures are judged once; a bootstrap draw only weighs them anew.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.recognition.score import BOOTSTRAP_DRAWS, Estimate
from matcher.imaging.box import Box
from matcher.results import Detection

OVERLAP: Final = 0.5
_INTERVAL: Final = (2.5, 97.5)

_Figure = Callable[[NDArray[np.float64]], float]


@dataclass(frozen=True, slots=True, eq=False)
class JudgedPicture:
    """What was found in one picture.

    Attributes:
        confidences: (N,) of the boxes.
        hits: (N,) bool, whether each found a labelled box that no surer one had found.
        covered: how many labelled boxes some box covers.
        labelled: how many labelled boxes there are.
    """

    confidences: NDArray[np.float64]
    hits: NDArray[np.bool_]
    covered: int
    labelled: int


def judge_boxes(
    found: Sequence[Detection], labelled: Sequence[Box], confidence: float = 0.0
) -> JudgedPicture:
    """Judge a picture's boxes at an overlap of one half.

    Args:
        found: in any order.
        labelled: the right boxes.
        confidence: boxes below it do not count for `covered`.
    """
    ordered = sorted(found, key=lambda one: -one.confidence)
    free = list(labelled)
    hits = []
    for one in ordered:
        best = max(free, key=one.box.iou, default=None)
        hit = best is not None and one.box.iou(best) >= OVERLAP
        if best is not None and hit:
            free.remove(best)
        hits.append(hit)
    sure = [one.box for one in ordered if one.confidence >= confidence]
    covered = sum(any(box.iou(right) >= OVERLAP for box in sure) for right in labelled)
    confidences = np.array([one.confidence for one in ordered], np.float64)
    return JudgedPicture(confidences, np.array(hits, bool), covered, len(labelled))


def average_precision(
    pictures: Sequence[JudgedPicture], draws: int = BOOTSTRAP_DRAWS, seed: int = 0
) -> Estimate:
    """Area under precision over recall, every point taken; 0 where there is nothing to find."""
    labelled = np.array([one.labelled for one in pictures], np.float64)
    owners = np.repeat(np.arange(len(pictures)), [len(one.hits) for one in pictures])
    confidences = np.concatenate([np.empty(0), *(one.confidences for one in pictures)])
    hits = np.concatenate([np.empty(0, bool), *(one.hits for one in pictures)])
    order = np.argsort(-confidences, kind="stable")
    owners, hits = owners[order], hits[order]

    def area(weights: NDArray[np.float64]) -> float:
        total = float(weights @ labelled)
        if total == 0 or not len(hits):
            return 0.0
        correct = np.cumsum(weights[owners] * hits)
        said = np.maximum(np.cumsum(weights[owners]), 1e-12)
        precision = np.maximum.accumulate((correct / said)[::-1])[::-1]
        steps = np.diff(np.concatenate([[0.0], correct])) / total
        return float(steps @ precision)

    return _estimate(area, len(pictures), draws, seed)


def estimate_recall(
    pictures: Sequence[JudgedPicture], draws: int = BOOTSTRAP_DRAWS, seed: int = 0
) -> Estimate:
    """Share of labelled boxes that some box covers; 0 where there are none."""
    labelled = np.array([one.labelled for one in pictures], np.float64)
    covered = np.array([one.covered for one in pictures], np.float64)

    def share(weights: NDArray[np.float64]) -> float:
        total = float(weights @ labelled)
        return float(weights @ covered) / total if total else 0.0

    return _estimate(share, len(pictures), draws, seed)


def estimate_share(values: Sequence[bool], draws: int = BOOTSTRAP_DRAWS, seed: int = 0) -> Estimate:
    """Share of pictures for which something holds; 0 where there are none."""
    held = np.array(values, np.float64)

    def share(weights: NDArray[np.float64]) -> float:
        return float(weights @ held) / float(weights.sum()) if len(held) else 0.0

    return _estimate(share, len(held), draws, seed)


def _estimate(figure: _Figure, count: int, draws: int, seed: int) -> Estimate:
    """A figure of all pictures, and its interval over pictures drawn with replacement."""
    value = figure(np.ones(count))
    if not count or not draws:
        return Estimate(value, value, value)
    rng = np.random.default_rng(seed)
    even = np.full(count, 1 / count)
    drawn = [figure(rng.multinomial(count, even).astype(np.float64)) for _ in range(draws)]
    low, high = np.percentile(drawn, _INTERVAL)
    return Estimate(value, float(low), float(high))
