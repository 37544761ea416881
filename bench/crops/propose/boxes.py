"""How well first proposals cover what is labelled, by every method on the same pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Final

import numpy as np

from bench.crops.propose.art import ArtPicture, read_small
from bench.crops.propose.methods import ProposeMethod
from bench.progress import Progress, silent
from bench.table import Figures, Table
from matcher.imaging.box import Box

COVERED: Final = 0.5  # intersection over union from which a proposal counts as right


@dataclass(frozen=True, slots=True)
class BoxFigures:
    """One method.

    Attributes:
        name: of the method.
        pictures: with labels.
        iou50: share of pictures whose first proposal covers one of the labels by half.
        median_iou: of the first proposals with the label that they cover best.
        taps: labels that were tapped in their middle.
        tapped_iou50: share of taps answered by a box that covers the label by half.
        tapped_median_iou: of these answers.
        p50_ms: milliseconds of a proposal, median; in this process.
        p95_ms: 95th percentile of the same.
        failures: names of the pictures that were not covered by half.
    """

    name: str
    pictures: int
    iou50: float
    median_iou: float
    taps: int
    tapped_iou50: float
    tapped_median_iou: float
    p50_ms: float
    p95_ms: float
    failures: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class BoxResult(Figures):
    """All methods on the same pictures."""

    methods: tuple[BoxFigures, ...]

    def table(self) -> Table:
        """For people."""
        columns = (
            "method", "IoU ≥ 0.5", "median IoU", "tapped ≥ 0.5", "median", "ms p50", "p95",
        )  # fmt: skip
        rows = [
            (
                method.name,
                _share(method.iou50, method.pictures),
                f"{method.median_iou:.3f}",
                _share(method.tapped_iou50, method.taps),
                f"{method.tapped_median_iou:.3f}",
                f"{method.p50_ms:.1f}",
                f"{method.p95_ms:.1f}",
            )
            for method in self.methods
        ]
        notes = (
            "pictures of art that no head was trained on, 480 pixels long; untapped: the label "
            "that is covered best counts",
            "of the product detector's training, three quarters of all such pictures were a part",
        )
        return Table("held-out art_boxes", columns, tuple(rows), notes)


def measure_boxes(
    pictures: Sequence[ArtPicture],
    methods: Sequence[ProposeMethod],
    on_progress: Progress = silent,
) -> BoxResult:
    """Ask every method about every picture with labels, and once at each label's middle."""
    labelled = [picture for picture in pictures if picture.boxes]
    return BoxResult(tuple(_measure(labelled, method, on_progress) for method in methods))


def _measure(
    pictures: Sequence[ArtPicture], method: ProposeMethod, on_progress: Progress
) -> BoxFigures:
    covered, tapped, spent = [], [], []
    for number, picture in enumerate(pictures):
        image, _ = read_small(picture.path)
        scale = max(image.shape[:2]) / picture.longest
        labels = [box.scaled(scale) for box in picture.boxes]
        if not number:
            method.propose(image)  # networks are compiled by their first call
        began = perf_counter()
        best = method.propose(image)
        spent.append(1e3 * (perf_counter() - began))
        covered.append(max(best.iou(label) for label in labels))
        tapped += [method.propose(image, _middle(label)).iou(label) for label in labels]
        on_progress(method.name, number + 1, len(pictures))
    p50, p95 = (float(value) for value in np.percentile(spent, (50, 95)))
    missed = [
        picture.path.name for picture, iou in zip(pictures, covered, strict=True) if iou < COVERED
    ]
    return BoxFigures(
        method.name,
        len(covered),
        float(np.mean(np.array(covered) >= COVERED)),
        float(np.median(covered)),
        len(tapped),
        float(np.mean(np.array(tapped) >= COVERED)),
        float(np.median(tapped)),
        p50,
        p95,
        tuple(missed),
    )


def _middle(box: Box) -> tuple[float, float]:
    return (box.left + box.right) / 2, (box.top + box.bottom) / 2


def _share(share: float, count: int) -> str:
    return f"{share:.3f} ({round(share * count)} of {count})"
