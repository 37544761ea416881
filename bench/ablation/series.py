"""The same ablation several times, its photos drawn anew: one lucky choice says little."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bench.ablation.ablation import AblationFigures, AblationResult
from bench.table import Figures, Table


@dataclass(frozen=True, slots=True)
class AblationSeries(Figures):
    """One protocol, measured with several seeds.

    Attributes:
        results: one per seed, with the same variants in the same order.
    """

    results: tuple[AblationResult, ...]

    def table(self) -> Table:
        """Mean over the seeds, with the lowest and the highest; one seed as it is."""
        first = self.results[0]
        if len(self.results) == 1:
            return first.table()
        rows = [
            _row([result.figures[number] for result in self.results])
            for number in range(len(first.figures))
        ]
        rows += [(part, "no such weights in the manifest", *5 * ("-",)) for part in first.missing]
        title = f"{first.dataset}, {len(self.results)} seeds, {first.photos} photos each"
        return Table(title, _COLUMNS, tuple(rows), _NOTES)


_COLUMNS: Final = (
    "part exchanged",
    "for",
    "top-1",
    "recall at 99 % precision",
    "identical: precision",
    "identical: recall",
    "median ms; verified",
)
_NOTES: Final = (
    "Mean of the seeds (lowest to highest).",
    "Verified: products per look, chosen on a few of the photos so that a variant takes about as "
    "long as the shipped method.",
    "The decision is the shipped one, calibrated with the shipped parts.",
)


def _row(seeds: Sequence[AblationFigures]) -> tuple[str, ...]:
    def spread(figure: Callable[[AblationFigures], float]) -> str:
        values = [figure(figures) for figures in seeds]
        return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"

    verified = ", ".join(str(figures.verified) for figures in seeds)
    return (
        seeds[0].part or "as shipped",
        seeds[0].name,
        spread(lambda figures: figures.top1.value),
        spread(lambda figures: figures.recall_at_p99.value),
        spread(lambda figures: figures.verdict_precision),
        spread(lambda figures: figures.verdict_recall),
        f"{np.mean([figures.median_ms for figures in seeds]):.0f}; {verified}",
    )
