"""Several draws of a protocol's references as one result: a lucky draw says little."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from typing_extensions import override

from bench.recognition.recognition import MethodResult, RecognitionResult
from bench.recognition.score import Score
from bench.table import Figures, Table


@dataclass(frozen=True, slots=True)
class DrawsResult(Figures):
    """The same photos, whose references were drawn several times.

    Attributes:
        single: with one reference each, what more references must beat.
        draws: one result each.
    """

    single: RecognitionResult
    draws: tuple[RecognitionResult, ...]

    def table(self) -> Table:
        """Mean over the draws, with the lowest and the highest, beside one reference."""
        rows = []
        for number, method in enumerate(self.single.methods):
            drawn = [result.methods[number] for result in self.draws]
            rows.append((f"{method.method}, one reference", *_alone(method)))
            rows.append((f"{method.method}, drawn", *_spread(drawn)))
        title = (
            f"{self.draws[0].dataset}: {len(self.draws)} draws of "
            f"{self.draws[0].references} references, {self.draws[0].products} products"
        )
        columns = ("method", "top-1", "recall at 99 % precision", "ECE", "identical: precision",
                   "identical: recall")  # fmt: skip
        return Table(title, columns, tuple(rows), ("mean of the draws (lowest to highest)",))

    @override
    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "single": self.single.to_json(),
            "draws": [result.to_json() for result in self.draws],
        }


def _figures() -> tuple[Callable[[Score], float], ...]:
    return (
        lambda score: score.top1.value,
        lambda score: score.recall_at_p99.value,
        lambda score: score.ece.value,
        lambda score: score.verdict_precision,
        lambda score: score.verdict_recall,
    )


def _alone(method: MethodResult) -> tuple[str, ...]:
    return tuple(f"{figure(method.score):.3f}" for figure in _figures())


def _spread(methods: Sequence[MethodResult]) -> tuple[str, ...]:
    cells = []
    for figure in _figures():
        values = [figure(method.score) for method in methods]
        cells.append(f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})")
    return tuple(cells)
