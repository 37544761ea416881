"""The detector on pictures with labelled boxes, beside the proposals that need no training."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import numpy as np

from bench.detection import boxes
from bench.errors import BenchError
from bench.progress import Progress, silent
from bench.recognition.dataset import load_picture
from bench.recognition.score import BOOTSTRAP_DRAWS, Estimate
from bench.table import Figures, Table
from matcher.detection.average_precision import JudgedPicture, judge
from matcher.detection.detector import Detector
from matcher.imaging.box import Box
from matcher.results import Detection


class Labels(StrEnum):
    """How much of what a picture shows is labelled."""

    ALL = "all"
    """Every product."""

    ONE = "one"
    """One product; others around it are not."""

    SOME = "some"
    """Many, and many are not: a box without a label may be right."""


@dataclass(frozen=True, slots=True)
class DetectionPicture:
    """A picture and what is labelled in it.

    Attributes:
        path: of the picture.
        boxes: in its pixels.
    """

    path: Path
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Pictures that no detector was trained on.

    Attributes:
        name: for people.
        labels: how complete.
        pictures: at least one.
    """

    name: str
    labels: Labels
    pictures: tuple[DetectionPicture, ...]


@dataclass(frozen=True, slots=True, eq=False)
class DetectorUnderTest:
    """One way to find boxes.

    Attributes:
        name: for people.
        served: as it serves; this one is timed and counted.
        thorough: the same with its unsure boxes, for average precision.
        confidence: from which on it serves a box.
    """

    name: str
    served: Detector
    thorough: Detector
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class DetectorOptions:
    """Pictures to measure on.

    Attributes:
        limit: pictures of each set at most, a seeded part; None means all.
        seed: of that choice and of the bootstrap.
        draws: of the bootstrap.
    """

    limit: int | None = None
    seed: int = 0
    draws: int = BOOTSTRAP_DRAWS


@dataclass(frozen=True, slots=True)
class DetectorFigures:
    """One detector on one set, everything at an overlap of one half.

    Attributes:
        detector: its name.
        dataset: the set's name.
        pictures: how many.
        labelled: boxes in them.
        ap50: None where what is not labelled may be right, too. Where one product is labelled, only
            boxes that lie on it are judged.
        ap50_strict: where one product is labelled, with every other box counted as wrong.
        recall: share of labelled boxes found, as it serves.
        recall_any: the same with its unsure boxes.
        boxes: per picture, as it serves.
        median_ms: per picture.
        p95_ms: 95th percentile of the same.
    """

    detector: str
    dataset: str
    pictures: int
    labelled: int
    ap50: Estimate | None
    ap50_strict: Estimate | None
    recall: Estimate
    recall_any: Estimate
    boxes: float
    median_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class DetectorResult(Figures):
    """All detectors on all sets, measured in the same run."""

    figures: tuple[DetectorFigures, ...]

    def table(self) -> Table:
        """One row per set and detector."""
        rows = tuple(
            (
                figures.dataset,
                figures.detector,
                str(figures.ap50 or "-"),
                str(figures.ap50_strict or "-"),
                str(figures.recall),
                f"{figures.recall_any.value:.3f}",
                f"{figures.boxes:.1f}",
                f"{figures.median_ms:.1f} / {figures.p95_ms:.1f}",
            )
            for figures in self.figures
        )
        sizes = {figures.dataset: (figures.pictures, figures.labelled) for figures in self.figures}
        counts = ", ".join(
            f"{name}: {pictures} with {boxes} boxes" for name, (pictures, boxes) in sizes.items()
        )
        return Table(f"pictures of {counts}", _COLUMNS, rows, _NOTES)


_COLUMNS: Final = (
    "pictures",
    "detector",
    "AP50",
    "AP50 strict",
    "recall",
    "recall, unsure too",
    "boxes per picture",
    "median / p95 ms",
)
_NOTES: Final = (
    "At an overlap of one half; in brackets: bootstrap 95 % interval over pictures.",
    "Where one product of many is labelled, AP50 judges boxes on it alone; strict: all others are "
    "wrong.",
)


def measure_detector(
    detectors: Sequence[DetectorUnderTest],
    sets: Sequence[LabelledSet],
    options: DetectorOptions | None = None,
    on_progress: Progress = silent,
) -> DetectorResult:
    """Run every detector on the same pictures.

    Raises:
        catalog.errors.PictureError: a picture cannot be read.
        BenchError: a set is empty.
    """
    options = options or DetectorOptions()
    figures = []
    for labelled_set in sets:
        chosen = _chosen(labelled_set, options)
        for detector in detectors:
            label = f"{detector.name}, {labelled_set.name}"
            figures.append(_measured(detector, chosen, options, label, on_progress))
    return DetectorResult(tuple(figures))


def _chosen(labelled: LabelledSet, options: DetectorOptions) -> LabelledSet:
    pictures = labelled.pictures
    if not pictures:
        raise BenchError(f"there is no labelled picture of {labelled.name}")
    if options.limit is None or options.limit >= len(pictures):
        return labelled
    drawn = np.random.default_rng(options.seed).permutation(len(pictures))[: options.limit]
    kept = tuple(pictures[index] for index in sorted(drawn.tolist()))
    return LabelledSet(labelled.name, labelled.labels, kept)


def _measured(
    detector: DetectorUnderTest,
    chosen: LabelledSet,
    options: DetectorOptions,
    label: str,
    on_progress: Progress,
) -> DetectorFigures:
    everything: list[JudgedPicture] = []
    about: list[JudgedPicture] = []
    counts, elapsed = [], []
    for done, picture in enumerate(chosen.pictures):
        on_progress(label, done, len(chosen.pictures))
        image = load_picture(picture.path)
        if not done:
            detector.served.detect(image)  # the first call compiles
        started = time.perf_counter()
        counts.append(len(detector.served.detect(image)))
        elapsed.append(1000 * (time.perf_counter() - started))
        found = detector.thorough.detect(image)
        everything.append(judge(found, picture.boxes, detector.confidence))
        near = [box for box in found if any(_lies_on(box, label) for label in picture.boxes)]
        about.append(judge(near, picture.boxes))
    on_progress(label, len(chosen.pictures), len(chosen.pictures))
    precision = boxes.estimate_average_precision(everything, options.draws, options.seed)
    on_one = boxes.estimate_average_precision(about, options.draws, options.seed)
    return DetectorFigures(
        detector=detector.name,
        dataset=chosen.name,
        pictures=len(chosen.pictures),
        labelled=sum(len(picture.boxes) for picture in chosen.pictures),
        ap50={Labels.ALL: precision, Labels.ONE: on_one, Labels.SOME: None}[chosen.labels],
        ap50_strict=precision if chosen.labels is Labels.ONE else None,
        recall=boxes.estimate_recall(everything, options.draws, options.seed),
        recall_any=boxes.estimate_recall(about, options.draws, options.seed),
        boxes=float(np.mean(counts)),
        median_ms=float(np.median(elapsed)),
        p95_ms=float(np.percentile(elapsed, 95)),
    )


def _lies_on(found: Detection, labelled: Box) -> bool:
    """Most of it; a box far too large is no box of that product either, and is not judged."""
    return found.box.intersection(labelled) > 0.5 * found.box.area
