"""Does the rate that is asked for hold for tracks? The photos of the calibration, each as a clip.

A still photo is filmed as a camera before that scene would see it, and the clip is tracked, looked
at and voted on as every video is. Time is that of the frames: no clock decides anything. An unknown
is falsely accepted when any appearance of its clip was reported as `identical` at any moment; a
known product is named right when one was reported as that product, and named wrong when one was
reported as another, be it a neighbour that really stands there.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.progress import Progress, silent
from bench.recognition.calibration import (
    PHOTOS,
    SHIPPED,
    CalibrationResult,
    MeasuredPhoto,
    rate_text,
    rates_json,
)
from bench.recognition.dataset import load_picture
from bench.table import Table
from catalog.records.calibration import Calibration
from matcher.decision.evaluation import KNOWN_KINDS, Outcome, SampleKind
from matcher.decision.leave_out import ReducedCatalog
from matcher.decision.threshold import (
    AnswerScale,
    Rate,
    ThresholdFigures,
    measure_scale,
    wilson_interval,
)
from matcher.retrieval.shortlist import SearchableCatalog
from matcher.tracking.finder import Finder
from matcher.video.clip import ClipMatcher
from matcher.video.remembered import StageMemory

# Of the clips; what tells most about a rate is most of them.
_ALIKE_SHARE: Final = 0.5
_OTHERS_SHARE: Final = 0.25
_SURE: Final = 1e3  # log-odds that any threshold accepts; a clip is accepted or it is not

Image = NDArray[np.uint8]
FilmPhoto = Callable[[Image, np.random.Generator], Iterable[Image]]
"""Given a photo and a source of chance, the frames of a clip of it."""


@dataclass(frozen=True, slots=True, eq=False)
class ClipTarget:
    """A method and a camera to measure with.

    Attributes:
        finder: the method; recalls what it found in a picture.
        memory: of the finder.
        model_id: of its decision.
        film: makes clips.
        frames_per_second: of the clips.
    """

    finder: Finder[SearchableCatalog]
    memory: StageMemory
    model_id: str
    film: FilmPhoto
    frames_per_second: float


@dataclass(frozen=True, slots=True)
class ClipOptions:
    """How many photos are filmed, and the seed of the choice and of the clips."""

    clips: int
    seed: int = 0


@dataclass(frozen=True, slots=True)
class ClipRates:
    """One threshold, over the same photos still and filmed.

    Attributes:
        requested: the rate; None for the threshold as shipped.
        photos: rates of the photos as such.
        clips: rates of their clips.
    """

    requested: float | None
    photos: ThresholdFigures
    clips: ThresholdFigures


@dataclass(frozen=True, slots=True)
class ClipResult:
    """Rates by threshold."""

    rows: tuple[ClipRates, ...]
    clip_count: int

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "clips": self.clip_count,
            "thresholds": [
                {
                    "asked": rates.requested,
                    "threshold": rates.photos.scale.threshold,
                    "photos": rates_json(rates.photos),
                    "clips": rates_json(rates.clips),
                }
                for rates in self.rows
            ],
        }

    def table(self) -> Table:
        """One row per threshold."""
        return Table(
            f"{self.clip_count} of these photos, still and as clips that are tracked",
            _COLUMNS,
            tuple(_row(rates) for rates in self.rows),
            (
                "In brackets: Wilson 95 % interval. Half of the clips are of cartons left out. A "
                "clip is named when any appearance in it was reported identical at any moment.",
            ),
        )


def measure_clips(
    calibrated: CalibrationResult,
    target: ClipTarget,
    catalog: SearchableCatalog,
    options: ClipOptions,
    on_progress: Progress = silent,
) -> ClipResult:
    """Film some of the measured photos, and count what is called `identical` at each threshold.

    Raises:
        BenchError: there is no photo.
        catalog.errors.PictureError: a picture cannot be read.
    """
    chosen = choose_photos(calibrated.seen, options)
    if not chosen:
        raise BenchError("there is no photo to film: measure with more of them (--limit)")
    rows = [row for row in calibrated.outcomes if row.material in (SHIPPED, PHOTOS)]
    scales = [row.met.scale for row in rows]
    named: list[list[frozenset[str]]] = [[] for _ in scales]
    for number, photo in enumerate(chosen):
        on_progress("clips", number, len(chosen))
        picture = load_picture(photo.query.path)
        frames = list(target.film(picture, np.random.default_rng((options.seed, number))))
        for names, scale in zip(named, scales, strict=True):
            decided = ReducedCatalog(catalog, frozenset(), _calibrations(target.model_id, scale))
            matcher = ClipMatcher(target.finder, decided)
            names.append(matcher.match(frames, target.frames_per_second).named)
        target.memory.forget()
    on_progress("clips", len(chosen), len(chosen))
    photos = [photo.outcome for photo in chosen]
    return ClipResult(
        tuple(
            ClipRates(
                row.requested,
                measure_scale(photos, row.met.scale),
                _clip_figures(chosen, names, row.met.scale),
            )
            for row, names in zip(rows, named, strict=True)
        ),
        len(chosen),
    )


def choose_photos(seen: Sequence[MeasuredPhoto], options: ClipOptions) -> list[MeasuredPhoto]:
    """Return half cartons left out, a quarter other unknowns and a quarter known, by lot.

    Where there are fewer of a sort, there are fewer.
    """
    alike = round(options.clips * _ALIKE_SHARE)
    others = round(options.clips * _OTHERS_SHARE)
    chosen: list[MeasuredPhoto] = []
    for kind, count in (
        (SampleKind.LEFT_OUT, alike),
        (SampleKind.UNKNOWN, others),
        (SampleKind.KNOWN, options.clips - alike - others),
    ):
        few = [photo for photo in seen if photo.outcome.kind is kind]
        chosen += Random(options.seed).sample(few, min(count, len(few)))
    return chosen


def _calibrations(model_id: str, scale: AnswerScale) -> dict[str, Calibration]:
    """Return the calibration of a catalog that decides by a scale; the rate is for the record."""
    rate = 1 - scale.threshold
    return {model_id: Calibration(model_id, "", rate, scale.threshold, scale.slope, scale.offset)}


def _clip_figures(
    chosen: Sequence[MeasuredPhoto], named: Sequence[frozenset[str]], scale: AnswerScale
) -> ThresholdFigures:
    outcomes = [
        Outcome(
            photo.outcome.kind,
            photo.outcome.group,
            _SURE if names else -_SURE,
            photo.query.truth in names,
        )
        for photo, names in zip(chosen, named, strict=True)
    ]
    figures = measure_scale(outcomes, scale)
    known = [
        (photo.query.truth, names)
        for photo, names in zip(chosen, named, strict=True)
        if photo.outcome.kind in KNOWN_KINDS
    ]
    if not known:
        return figures
    wrong = sum(bool(names - {truth}) for truth, names in known)
    return replace(figures, misnamed=wilson_interval(wrong, len(known), len(known)))


_COLUMNS: Final = (
    "asked",
    "threshold",
    "photos",
    "clips",
    "… left out: photos",
    "… left out: clips",
    "… produce: photos",
    "… produce: clips",
    "known named right: photos",
    "known named right: clips",
    "named wrong: photos",
    "named wrong: clips",
)


def _row(rates: ClipRates) -> tuple[str, ...]:
    photos, clips = _figures(rates.photos), _figures(rates.clips)
    pairs = zip(photos, clips, strict=True)
    return (
        "as shipped" if rates.requested is None else f"{rates.requested:.1%}",
        f"{rates.photos.scale.threshold:.4f}",
        *(rate_text(rate) for pair in pairs for rate in pair),
    )


def _figures(figures: ThresholdFigures) -> tuple[Rate | None, ...]:
    return (
        figures.false_accept,
        figures.by_kind.get(SampleKind.LEFT_OUT),
        figures.by_kind.get(SampleKind.UNKNOWN),
        figures.named,
        figures.misnamed,
    )
