"""The worth of each trained part: recognition with one part exchanged, at about equal time."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from bench.live.video import MatchVideo
from bench.progress import Progress, silent
from bench.recognition.dataset import Dataset, load_picture
from bench.recognition.identifier import PhotoIdentifier
from bench.recognition.recognition import RecognitionOptions, measure_recognition
from bench.recognition.score import BOOTSTRAP_DRAWS, Estimate
from bench.table import Figures, Table

SHIPPED_SIZE: Final = 12
SIZES: Final = (6, SHIPPED_SIZE, 24)
_PROBED: Final = 8

RecogniserOfSize = Callable[[int], PhotoIdentifier]
"""Gives what recognises a catalog's products with that many of them verified per look."""


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """The method with one part exchanged.

    Attributes:
        part: which part; empty for the method as it is shipped.
        name: what stands in its place.
        prepare: makes a catalog of a folder of product folders; None where the part is not there
            to be exchanged.
        watch: matches a clip, with as many products per look as are shipped.
    """

    part: str
    name: str
    prepare: Callable[[Path], RecogniserOfSize] | None
    watch: MatchVideo | None = None


@dataclass(frozen=True, slots=True)
class AblationOptions:
    """Photos to measure on.

    Attributes:
        limit: photos at most, each product in its share; None means all.
        seed: of that choice and of the bootstrap.
        draws: of the bootstrap.
    """

    limit: int | None = None
    seed: int = 0
    draws: int = BOOTSTRAP_DRAWS


@dataclass(frozen=True, slots=True)
class AblationFigures:
    """One variant.

    Attributes:
        part: which was exchanged; empty for none.
        name: what stood in its place.
        top1: share of photos of known products that are named right.
        recall_at_p99: recall at 99 % precision.
        verdict_precision: of the answers that are called identical.
        verdict_recall: share of photos of known products that are called identical, and are.
        median_ms: per photo.
        p95_ms: 95th percentile of the same.
        verified: products per look.
    """

    part: str
    name: str
    top1: Estimate
    recall_at_p99: Estimate
    verdict_precision: float
    verdict_recall: float
    median_ms: float
    p95_ms: float
    verified: int


@dataclass(frozen=True, slots=True)
class AblationResult(Figures):
    """All variants on the same photos in the same run.

    Attributes:
        dataset: its name.
        photos: how many.
        figures: the shipped method first.
        missing: parts that are not there to be exchanged.
    """

    dataset: str
    photos: int
    figures: tuple[AblationFigures, ...]
    missing: tuple[str, ...]

    def table(self) -> Table:
        """One row per variant; one that could not be measured says so."""
        rows = [
            (
                figures.part or "as shipped",
                figures.name,
                str(figures.top1),
                str(figures.recall_at_p99),
                f"{figures.verdict_precision:.3f} / {figures.verdict_recall:.3f}",
                f"{figures.median_ms:.0f} / {figures.p95_ms:.0f}",
                str(figures.verified),
            )
            for figures in self.figures
        ]
        rows += [(part, "no such weights in the manifest", *5 * ("-",)) for part in self.missing]
        return Table(f"{self.dataset}, {self.photos} photos", _COLUMNS, tuple(rows), _NOTES)


_COLUMNS: Final = (
    "part exchanged",
    "for",
    "top-1",
    "recall at 99 % precision",
    "identical: precision / recall",
    "median / p95 ms",
    "verified",
)
_NOTES: Final = (
    "In brackets: bootstrap 95 % interval over pictures.",
    "Verified: products per look, chosen on a few of the photos so that a variant takes about as "
    "long as the shipped method.",
    "The decision is the shipped one, calibrated with the shipped parts.",
)


def measure_ablation(
    dataset: Dataset,
    variants: Sequence[Variant],
    options: AblationOptions | None = None,
    on_progress: Progress = silent,
) -> AblationResult:
    """Answer the same photos with every variant.

    Args:
        dataset: catalog and photos.
        variants: the shipped method first.
        options: which photos.
        on_progress: called with its progress.

    Raises:
        catalog.errors.PictureError: a picture cannot be read.
    """
    options = options or AblationOptions()
    chosen = dataset.subset(options.limit, options.seed)
    probe = chosen.subset(_PROBED, options.seed)
    figures: list[AblationFigures] = []
    budget: float | None = None
    for variant in variants:
        if variant.prepare is None:
            continue
        on_progress(f"{variant.name}, catalog", 0, 1)
        sized = variant.prepare(dataset.catalog)
        size = SHIPPED_SIZE
        if budget is None:
            budget = _mean_ms(probe, sized(size))
        else:
            size = _size_within(budget, probe, sized)
        figures.append(_measure_variant(variant, chosen, sized, size, options, on_progress))
    missing = tuple(variant.part for variant in variants if variant.prepare is None)
    return AblationResult(dataset.name, len(chosen.queries), tuple(figures), missing)


def _measure_variant(
    variant: Variant,
    chosen: Dataset,
    sized: RecogniserOfSize,
    size: int,
    options: AblationOptions,
    on_progress: Progress,
) -> AblationFigures:
    settings = RecognitionOptions(
        seed=options.seed, whole_image=False, baseline=False, draws=options.draws
    )
    result = measure_recognition(
        chosen,
        lambda _: sized(size),
        settings,
        lambda _, done, total: on_progress(variant.name, done, total),
    )
    score = result.methods[0].score
    return AblationFigures(
        variant.part,
        variant.name,
        score.top1,
        score.recall_at_p99,
        score.verdict_precision,
        score.verdict_recall,
        score.median_ms,
        score.p95_ms,
        size,
    )


def _size_within(budget: float, probe: Dataset, sized: RecogniserOfSize) -> int:
    """How many to verify so that it takes the time that is nearest to the budget."""
    costs = {size: _mean_ms(probe, sized(size)) for size in SIZES}
    return min(SIZES, key=lambda size: (abs(costs[size] - budget), size))


def _mean_ms(probe: Dataset, recogniser: PhotoIdentifier) -> float:
    """Milliseconds per photo, the first one not counted: it loads and compiles."""
    costs = []
    for query in (probe.queries[0], *probe.queries):
        image = load_picture(query.path)
        started = time.perf_counter()
        recogniser.identify(image)
        costs.append(1000 * (time.perf_counter() - started))
    return float(np.mean(costs[1:]))
