"""Boxes against labelled boxes, and detectors on labelled pictures."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.detection.boxes import estimate_average_precision, estimate_recall, estimate_share
from bench.detection.detector import (
    DetectionPicture,
    DetectorFigures,
    DetectorOptions,
    DetectorUnderTest,
    LabelledSet,
    Labels,
    measure_detector,
)
from bench.errors import BenchError
from matcher.detection.average_precision import BoxEvaluation, judge
from matcher.imaging.box import Box
from matcher.results import Detection
from tests.bench.scenery import printed, write_picture

THING = Box(20, 30, 60, 90)
ELSEWHERE = Box(80, 100, 110, 150)


class Says:
    """Finds the same boxes in every picture."""

    def __init__(self, *found: Detection) -> None:
        self._found = found

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        assert image.ndim == 3
        return self._found


def labelled(folder: Path, labels: Labels, count: int = 4) -> LabelledSet:
    pictures = []
    for number in range(count):
        path = folder / f"{number}.png"
        write_picture(path, printed(number))
        pictures.append(DetectionPicture(path, (THING,)))
    return LabelledSet("things", labels, tuple(pictures))


def measured(folder: Path, labels: Labels, *found: Detection) -> DetectorFigures:
    detector = DetectorUnderTest("one", Says(*found[:1]), Says(*found), 0.5)
    return measure_detector([detector], [labelled(folder, labels)]).figures[0]


def boxes_by_lot(rng: np.random.Generator, count: int) -> list[Box]:
    corners = rng.uniform(0, 80, (count, 2))
    sides = rng.uniform(10, 40, (count, 2))
    return [Box(x, y, x + w, y + h) for (x, y), (w, h) in zip(corners, sides, strict=True)]


def test_average_precision_has_an_interval_around_its_value() -> None:
    rng = np.random.default_rng(0)
    found: list[Sequence[Detection]] = []
    truth: list[Sequence[Box]] = []
    for _ in range(30):
        right = boxes_by_lot(rng, int(rng.integers(0, 6)))
        moved = [Box(*(side + rng.normal(0, 4) for side in _sides(box))) for box in right]
        boxes = [*moved, *boxes_by_lot(rng, 3)]
        found.append([Detection(box, float(rng.random())) for box in boxes])
        truth.append(right)
    own = estimate_average_precision([judge(f, t) for f, t in zip(found, truth, strict=True)])
    assert own.value == BoxEvaluation.of(found, truth).average_precision()
    assert 0.05 < own.value < 0.95
    assert own.low < own.value < own.high


def _sides(box: Box) -> tuple[float, float, float, float]:
    return box.left, box.top, box.right, box.bottom


def test_a_box_hits_once_and_unsure_ones_cover_nothing() -> None:
    twice = judge([Detection(THING, 0.9), Detection(THING, 0.4)], [THING], confidence=0.5)
    assert twice.hits.tolist() == [True, False]
    assert twice.covered == 1
    assert judge([Detection(THING, 0.4)], [THING], confidence=0.5).covered == 0


def test_nothing_labelled_and_nothing_found_give_zeros() -> None:
    assert estimate_average_precision([judge([], [])]).value == 0.0
    assert (
        estimate_average_precision([]).value
        == estimate_recall([]).value
        == estimate_share([]).value
        == 0.0
    )
    assert estimate_recall([judge([], [THING])]).high == 0.0


def test_where_everything_is_labelled_a_second_box_costs_precision(tmp_path: Path) -> None:
    sure, other = Detection(THING, 0.8), Detection(ELSEWHERE, 0.9)
    assert measured(tmp_path, Labels.ALL, sure).ap50 is not None
    both = measured(tmp_path, Labels.ALL, sure, other)
    assert both.ap50 is not None
    assert both.ap50.value == pytest.approx(0.5)
    assert both.ap50_strict is None
    assert (both.recall.value, both.boxes, both.pictures, both.labelled) == (1.0, 1.0, 4, 4)


def test_where_one_product_is_labelled_other_boxes_count_in_the_strict_figure_only(
    tmp_path: Path,
) -> None:
    figures = measured(tmp_path, Labels.ONE, Detection(THING, 0.8), Detection(ELSEWHERE, 0.9))
    assert figures.ap50 is not None
    assert figures.ap50_strict is not None
    assert (figures.ap50.value, figures.ap50_strict.value) == (1.0, 0.5)


def test_where_labels_are_incomplete_no_precision_is_reported(tmp_path: Path) -> None:
    figures = measured(tmp_path, Labels.SOME, Detection(THING, 0.3))
    assert figures.ap50 is None
    assert (figures.recall.value, figures.recall_any.value) == (0.0, 1.0)


def test_the_same_part_of_the_pictures_is_taken_for_every_detector(tmp_path: Path) -> None:
    pair = [DetectorUnderTest(name, Says(), Says()) for name in ("one", "two")]
    chosen = labelled(tmp_path, Labels.ALL, 6)
    result = measure_detector(pair, [chosen], DetectorOptions(limit=2))
    assert [figures.pictures for figures in result.figures] == [2, 2]
    assert len(result.table().rows) == 2
    assert result.to_json()["figures"][0]["recall"]["value"] == 0.0


def test_an_empty_set_is_refused() -> None:
    with pytest.raises(BenchError, match="no labelled picture"):
        measure_detector([], [LabelledSet("nothing", Labels.ALL, ())])
