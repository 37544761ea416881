"""How often a crop is found, how exactly, and how often something else is called a crop."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Final

import cv2
import numpy as np

from bench.crops.locate.baselines import CropBaseline, Image, Outline, baselines
from bench.crops.locate.failures import Failure
from bench.crops.locate.figures import Count, StratumFigures, stratum_figures, wilson
from bench.crops.locate.pictures import PictureSource
from bench.crops.locate.related import RelatedPair, Stratum, make_related
from bench.crops.locate.unrelated import HARD, Likeness, UnrelatedPairs
from bench.progress import Progress, silent
from bench.table import Figures, Table
from matcher.crops.locate import CropLocator

# Of ten related pairs, in turn; of ten unrelated ones half are hard.
STRATA: Final = (
    *(Stratum.ORDINARY,) * 3,
    *(Stratum.SMALL,) * 2,
    Stratum.PLAIN,
    *(Stratum.ORDINARY,) * 2,
    Stratum.SMALL,
    Stratum.PLAIN,
)
_OURS: Final = "skulens"
_FOUND_IOU: Final = 0.75  # of the outline: found at the right place
_BASELINE_SHARE: Final = 10  # every tenth pair is also given to the baselines
_SHOWN_FAILURES: Final = 40  # on the contact sheet


@dataclass(frozen=True, slots=True)
class CropOptions:
    """Size of the measurement.

    Attributes:
        related: pairs; there are twice as many unrelated ones.
        every: pair that is given to the baselines, too: 1 for all.
        seed: of all chance.
    """

    related: int = 2000
    every: int = _BASELINE_SHARE
    seed: int = 0


@dataclass(frozen=True, slots=True)
class CropMethodFigures:
    """One method over all strata.

    Attributes:
        method: by name.
        strata: of related pairs, and by area, quality and zoom.
        yes: wrong answers to unrelated pairs, by likeness, `all` and `hard`.
        median_s: seconds of a pair, by the clock.
    """

    method: str
    strata: tuple[StratumFigures, ...]
    yes: tuple[Count, ...]
    median_s: float


@dataclass(frozen=True, slots=True)
class CropResult(Figures):
    """All figures."""

    methods: tuple[CropMethodFigures, ...]
    related: int
    unrelated: int

    def table(self) -> Table:
        """Methods as columns."""
        first = self.methods[0]
        rows = [("seconds a pair, median", *(f"{method.median_s:.2f}" for method in self.methods))]
        for number, stratum in enumerate(first.strata):
            of_all = [method.strata[number] for method in self.methods]
            rows += [
                (f"{stratum.name}: found", *(_found(method) for method in of_all)),
                ("  corner error, median / p95", *(_error(method) for method in of_all)),
                ("  IoU, median", *(f"{method.iou:.3f}" for method in of_all)),
            ]
        for number, count in enumerate(first.yes):
            counts = [method.yes[number] for method in self.methods]
            rows.append((f"yes to {count.name}", *(_counted(method) for method in counts)))
        title = f"Crops: {self.related} related and {self.unrelated} unrelated pairs"
        notes = (
            "Found: called the crop, with an IoU of at least 0.75. Errors are of the worst corner, "
            "in full pixels; in the crop's own where the area or the scale is small.",
            "In brackets: counts, and the 95 % interval. Baselines are told which is the crop.",
        )
        return Table(title, ("", *(method.method for method in self.methods)), tuple(rows), notes)


def measure_crops(
    source: PictureSource, options: CropOptions, on_stage: Progress = silent
) -> tuple[CropResult, list[Failure]]:
    """Ask about all pairs; returns the figures and some wrong answers of ours."""
    run = _CropRun()
    for number in range(options.related):
        on_stage("related pairs", number, options.related)
        seed = options.seed * 1_000_003 + number
        pair = make_related(source, STRATA[number % len(STRATA)], seed)
        run.ask_related(pair, with_baselines=number // len(STRATA) % options.every == 0)
    makers = UnrelatedPairs(source)
    for number in range(2 * options.related):
        on_stage("unrelated pairs", number, 2 * options.related)
        seed = options.seed * 1_000_003 + number
        likeness = HARD[number // 2 % len(HARD)] if number % 2 else Likeness.NONE
        other = makers.make(likeness, seed)
        with_baselines = number // len(STRATA) % options.every == 0
        run.ask_unrelated(other.full, other.other, likeness, other.name, with_baselines)
    return run.result(), run.failures


class _CropRun:
    """Answers so far."""

    def __init__(self) -> None:
        self._locator = CropLocator()
        self._baselines = baselines()
        self.failures: list[Failure] = []
        names = [_OURS, *(method.name for method in self._baselines)]
        self._related: dict[str, list[tuple[RelatedPair, float, float]]] = {
            name: [] for name in names
        }
        self._unrelated: dict[str, list[tuple[Likeness, bool]]] = {name: [] for name in names}
        self._seconds: dict[str, list[float]] = {name: [] for name in names}

    def ask_related(self, pair: RelatedPair, *, with_baselines: bool) -> None:
        """Ask about a related pair."""
        began = perf_counter()
        found = self._locator.locate(pair.full, pair.crop)
        self._seconds[_OURS].append(perf_counter() - began)
        ours = found.outline if (found.relation, found.crop) == ("crop", "b") else None
        self._note(_OURS, pair, ours)
        if ours is None or _iou(ours, pair) < _FOUND_IOU:
            caption = f"{found.relation} {pair.edit.value} q{pair.quality} z{pair.zoom:.2f}"
            self._fail(Failure(pair.full, pair.crop, pair.outline, f"{caption} {pair.name}"))
        for baseline in self._baselines if with_baselines else ():
            self._note(baseline.name, pair, self._timed(baseline, pair.full, pair.crop))

    def ask_unrelated(
        self, full: Image, other: Image, likeness: Likeness, name: str, with_baselines: bool
    ) -> None:
        """Ask about an unrelated pair."""
        began = perf_counter()
        found = self._locator.locate(full, other)
        self._seconds[_OURS].append(perf_counter() - began)
        yes = found.relation in ("crop", "same", "overlap")
        self._unrelated[_OURS].append((likeness, yes))
        if yes:
            caption = f"{likeness.value}: {found.relation} {found.probability:.3f} {name}"
            self._fail(Failure(full, other, None, caption))
        for baseline in self._baselines if with_baselines else ():
            outline = self._timed(baseline, full, other)
            self._unrelated[baseline.name].append((likeness, outline is not None))

    def result(self) -> CropResult:
        """The figures of all that was asked."""
        methods = tuple(self._method(name) for name in self._related)
        return CropResult(methods, len(self._related[_OURS]), len(self._unrelated[_OURS]))

    def _timed(self, baseline: CropBaseline, full: Image, crop: Image) -> Outline | None:
        began = perf_counter()
        outline = baseline.locate(full, crop)
        self._seconds[baseline.name].append(perf_counter() - began)
        return outline

    def _note(self, method: str, pair: RelatedPair, outline: Outline | None) -> None:
        if outline is None:
            self._related[method].append((pair.without_pixels(), 0.0, np.inf))
            return
        error = float(np.linalg.norm(outline - pair.outline, axis=1).max())
        self._related[method].append((pair.without_pixels(), _iou(outline, pair), error))

    def _fail(self, failure: Failure) -> None:
        if len(self.failures) < _SHOWN_FAILURES:
            self.failures.append(failure)

    def _method(self, name: str) -> CropMethodFigures:
        answers, wrong = self._related[name], self._unrelated[name]
        yes = [_count("all unrelated", [answered for _, answered in wrong])]
        yes.append(_count("hard", [answered for kind, answered in wrong if kind in HARD]))
        yes += [
            _count(kind.value, [answered for likeness, answered in wrong if likeness is kind])
            for kind in HARD
        ]
        strata = [
            stratum_figures(
                stratum.value,
                [answer for answer in answers if answer[0].stratum is stratum],
                _FOUND_IOU,
            )
            for stratum in Stratum
        ]
        return CropMethodFigures(
            name, tuple(strata), tuple(yes), float(np.median(self._seconds[name] or [0.0]))
        )


def _iou(outline: Outline, pair: RelatedPair) -> float:
    drawn, other = outline.astype(np.float32), pair.outline.astype(np.float32)
    if not np.isfinite(drawn).all() or not cv2.isContourConvex(drawn.reshape(-1, 1, 2)):
        return 0.0
    shared, _ = cv2.intersectConvexConvex(drawn, other)
    union = cv2.contourArea(drawn) + cv2.contourArea(other) - shared
    return float(shared / max(union, 1e-6))


def _count(name: str, answered: Sequence[bool]) -> Count:
    return Count(name, sum(answered), len(answered), wilson(sum(answered), len(answered)))


def _found(figures: StratumFigures) -> str:
    return _counted(figures.found)


def _counted(count: Count) -> str:
    if not count.of:
        return "-"
    low, high = count.interval
    return f"{count.number / count.of:.4f} ({count.number}/{count.of}; {low:.4f}-{high:.4f})"


def _error(figures: StratumFigures) -> str:
    return f"{figures.error_median:.2f} / {figures.error_p95:.2f}"
