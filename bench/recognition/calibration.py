"""Is the rate of false accepts that a catalog's owner asks for the one that comes out?

The catalog of the open-set protocol is calibrated on `train` photos, once with them and once on
nothing but its own reference pictures, by the code that `skulens catalog calibrate` runs; then it
answers `eval` photos, which no calibration has seen.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from bench.errors import BenchError
from bench.progress import Progress, silent
from bench.recognition.dataset import Dataset, PhotoQuery, list_pictures, load_picture
from bench.recognition.protocols import TWINS
from bench.table import Table
from matcher.decision.evaluation import Outcome, Recogniser, Sample, SampleKind, evaluate
from matcher.decision.threshold import (
    AnswerScale,
    Rate,
    Target,
    ThresholdFigures,
    choose_threshold,
    measure_scale,
)
from matcher.retrieval.shortlist import SearchableCatalog

RATES: Final = (0.01, 0.02, 0.05, 0.1)
PHOTOS: Final = "train photos"
ITSELF: Final = "the catalog itself"
SHIPPED: Final = "as shipped"


@dataclass(frozen=True, slots=True)
class CalibrationOptions:
    """How much to ask.

    Attributes:
        rates: requested, each in (0, 1).
        photos: at most, of each product, to calibrate with.
        unknown: at most, of unknowns, to calibrate with.
        limit: at most, to measure with, each product in its share; None for all.
        seed: of that choice.
    """

    rates: tuple[float, ...] = RATES
    photos: int = 8
    unknown: int = 120
    limit: int | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class RateOutcome:
    """One rate, asked for by one kind of material.

    Attributes:
        material: what it was calibrated with.
        requested: the rate; None for the threshold as shipped.
        expected: what the material promised.
        met: what came out on photos that it did not hold.
        is_fitted: whether slope and offset were fitted, too.
        is_promised: whether the material was enough for the rate.
    """

    material: str
    requested: float | None
    expected: ThresholdFigures
    met: ThresholdFigures
    is_fitted: bool
    is_promised: bool


@dataclass(frozen=True, slots=True)
class MeasuredPhoto:
    """A photo that was measured with, and the catalog's answer to it."""

    query: PhotoQuery
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class CalibrationResult:
    """All rates, by all kinds of material.

    Attributes:
        outcomes: the shipped threshold first.
        seen: the photos that were measured with.
    """

    outcomes: tuple[RateOutcome, ...]
    seen: tuple[MeasuredPhoto, ...]

    @property
    def photo_count(self) -> int:
        """Number of photos that were measured with."""
        return len(self.seen)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "photos": self.photo_count,
            "outcomes": [
                {
                    "material": outcome.material,
                    "asked": outcome.requested,
                    "threshold": outcome.met.scale.threshold,
                    "slope": outcome.met.scale.slope,
                    "offset": outcome.met.scale.offset,
                    "is_fitted": outcome.is_fitted,
                    "is_promised": outcome.is_promised,
                    "expected": rates_json(outcome.expected),
                    "met": rates_json(outcome.met),
                }
                for outcome in self.outcomes
            ],
        }

    def table(self) -> Table:
        """One row per rate and kind of material."""
        return Table(
            f"false accepts on {self.photo_count} photos that no calibration has seen",
            _COLUMNS,
            tuple(_row(outcome) for outcome in self.outcomes),
            (
                "In brackets: Wilson 95 % interval. One unknown in three counts as something of "
                "the catalog's own sort (a carton that it lacks), the others are produce.",
            ),
        )


def measure_calibration(
    judge: Recogniser,
    catalog: SearchableCatalog,
    dataset: Dataset,
    fitting: Sequence[PhotoQuery],
    itself: Sequence[Sample],
    options: CalibrationOptions,
    on_progress: Progress = silent,
) -> CalibrationResult:
    """Calibrate for each rate, and count what is then called `identical`.

    Args:
        judge: the method.
        catalog: of the data set.
        dataset: photos to measure with.
        fitting: photos to calibrate with; none of the data set's.
        itself: questions that the catalog gives by itself.
        options: how much to ask.
        on_progress: called with its progress.

    Raises:
        BenchError: a photo is among both.
        catalog.errors.PictureError: a picture cannot be read.
    """
    measured = dataset.subset(options.limit, options.seed).queries
    if {query.path.resolve() for query in fitting} & {
        query.path.resolve() for query in dataset.queries
    }:
        raise BenchError("a photo to calibrate with is also one to measure with")

    def replies(label: str, questions: Sequence[Sample]) -> list[Outcome]:
        return evaluate(judge, catalog, questions, {}, partial(on_progress, label))

    images = {
        product_id: frozenset(image.image_id for image in product.images)
        for product_id, product in catalog.products.items()
    }
    seen = replies("photos", [_measured(query) for query in measured])
    decision = judge.decision(catalog)
    shipped = AnswerScale(decision.threshold, *decision.answer_scale)
    before = measure_scale(seen, shipped)
    outcomes = [RateOutcome(SHIPPED, None, before, before, False, False)]
    photos = [question for query in fitting for question in _fitting(query, images)]
    for material, questions in ((PHOTOS, photos), (ITSELF, list(itself))):
        known = replies(material, questions)
        for rate in options.rates:
            choice = choose_threshold(known, Target(rate, decision.unknown_share), shipped, shipped)
            met = measure_scale(seen, choice.after.scale)
            promised = not any("promise" in note for note in choice.notes)
            outcomes.append(
                RateOutcome(material, rate, choice.after, met, choice.is_fitted, promised)
            )
    return CalibrationResult(
        tuple(outcomes),
        tuple(MeasuredPhoto(query, answer) for query, answer in zip(measured, seen, strict=True)),
    )


def fitting_photos(shared: Path, dataset: Dataset, options: CalibrationOptions) -> list[PhotoQuery]:
    """`train` photos of the products of a grocery protocol, and of produce as unknowns.

    Raises:
        BenchError: there are none.
    """
    train = shared / "grocery" / "train"
    if not train.is_dir():
        raise BenchError(f"there is no folder {train}")
    cartons = json.loads((shared / "grocery" / "classes.json").read_text())["cartons"]
    products = list(dataset.references())
    folders = sorted(folder.name for folder in train.iterdir() if folder.is_dir())
    produce = [name for name in folders if name not in cartons]
    known = [
        PhotoQuery(path, product)
        for product in products
        for path in list_pictures(train / product)[: options.photos]
    ]
    each = -(-options.unknown // max(len(produce), 1))
    unknown = [
        PhotoQuery(path, None) for name in produce for path in list_pictures(train / name)[:each]
    ]
    return [*known, *unknown[: options.unknown]]


def _fitting(query: PhotoQuery, images: dict[str, frozenset[str]]) -> list[Sample]:
    read = partial(load_picture, query.path)
    if query.truth is None:
        return [Sample(SampleKind.UNKNOWN, read)]
    return [
        Sample(SampleKind.KNOWN, read, query.truth),
        Sample(SampleKind.LEFT_OUT, read, None, images[query.truth]),
    ]


def _measured(query: PhotoQuery) -> Sample:
    read = partial(load_picture, query.path)
    if query.truth is not None:
        return Sample(SampleKind.KNOWN, read, query.truth)
    # A carton that the catalog lacks anyway: nothing is to be withheld.
    return Sample(SampleKind.LEFT_OUT if TWINS in query.groups else SampleKind.UNKNOWN, read)


_COLUMNS: Final = (
    "calibrated with",
    "asked",
    "threshold",
    "expected",
    "met",
    "… cartons left out",
    "… produce",
    "known named right",
    "known named wrong",
)


def _row(one: RateOutcome) -> tuple[str, ...]:
    requested = "-" if one.requested is None else f"{one.requested:.1%}"
    return (
        one.material,
        requested if one.is_promised or one.requested is None else f"{requested} (too few samples)",
        f"{one.met.scale.threshold:.4f}",
        "-" if one.requested is None else rate_text(one.expected.false_accept),
        rate_text(one.met.false_accept),
        rate_text(one.met.by_kind.get(SampleKind.LEFT_OUT)),
        rate_text(one.met.by_kind.get(SampleKind.UNKNOWN)),
        rate_text(one.met.named),
        rate_text(one.met.misnamed),
    )


def rate_text(rate: Rate | None) -> str:
    """Return a rate with its interval; a dash for none."""
    return "-" if rate is None else f"{rate.value:.3f} ({rate.low:.3f}-{rate.high:.3f})"


def rates_json(figures: ThresholdFigures) -> dict[str, Any]:
    """As plain values, by what they are the rates of."""
    rates = {
        "false_accept": figures.false_accept,
        "named": figures.named,
        "misnamed": figures.misnamed,
    }
    kinds = {str(kind): rate for kind, rate in figures.by_kind.items()}
    both: dict[str, Rate | None] = {**rates, **kinds}
    return {key: None if rate is None else asdict(rate) for key, rate in both.items()}
