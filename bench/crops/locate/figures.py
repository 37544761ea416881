"""Counts with their intervals, and figures of one stratum."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bench.crops.locate.related import RelatedPair, Stratum

_NORMAL_95: Final = 1.96  # standard deviations


@dataclass(frozen=True, slots=True)
class Count:
    """So many of so many, with Wilson's interval of 95 %."""

    name: str
    number: int
    of: int
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class StratumFigures:
    """One method on one stratum of related pairs.

    Attributes:
        name: of the stratum.
        found: pairs that were found.
        error_median: pixels of the worst corner, of pairs that were found; of the full picture, or
            of the crop in the stratum of small ones.
        error_p95: 95th percentile of the same.
        iou: median over pairs that were found.
        parts: pairs that were found by area, quality, zoom and edit.
    """

    name: str
    found: Count
    error_median: float
    error_p95: float
    iou: float
    parts: tuple[Count, ...]


def stratum_figures(
    name: str, answers: Sequence[tuple[RelatedPair, float, float]], least_iou: float
) -> StratumFigures:
    """Sum up (pair, IoU, corner error in full pixels) of one stratum."""
    found = [answer for answer in answers if answer[1] >= least_iou]
    errors = [
        error * (pair.zoom if pair.stratum is Stratum.SMALL else 1.0) for pair, _, error in found
    ]
    ious = [iou for _, iou, _ in found]
    return StratumFigures(
        name,
        Count("found", len(found), len(answers), wilson(len(found), len(answers))),
        float(np.median(errors)) if errors else 0.0,
        float(np.quantile(errors, 0.95)) if errors else 0.0,
        float(np.median(ious)) if ious else 0.0,
        tuple(_parts(answers, least_iou)),
    )


def _parts(answers: Sequence[tuple[RelatedPair, float, float]], least_iou: float) -> list[Count]:
    groups: dict[str, list[bool]] = {}
    for pair, iou, _ in answers:
        for label in (
            f"area {_class(pair.area, (0.05, 0.1, 0.3))}",
            f"zoom {_class(pair.zoom, (0.5, 1.0, 2.0))}",
            f"quality {pair.quality}",
            f"edit {pair.edit.value}",
        ):
            groups.setdefault(label, []).append(iou >= least_iou)
    return [
        Count(label, sum(answered), len(answered), wilson(sum(answered), len(answered)))
        for label, answered in sorted(groups.items())
    ]


def _class(value: float, limits: Sequence[float]) -> str:
    above = [limit for limit in limits if value >= limit]
    return f"from {above[-1]:g}" if above else f"below {limits[0]:g}"


def wilson(number: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, 1927)."""
    if not of:
        return 0.0, 1.0
    share, square = number / of, _NORMAL_95**2
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = _NORMAL_95 * ((share * (1 - share) + square / (4 * of)) / of) ** 0.5
    half /= 1 + square / of
    return max(0.0, middle - half), min(1.0, middle + half)
