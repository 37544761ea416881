"""The measurement of recognition, with a pipeline that knows the answers."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.recognition.dataset import load_picture, read_dataset, write_truth
from bench.recognition.recognition import RecognitionOptions, measure_recognition, outline_distance
from matcher.results import Identification
from tests.bench.scenery import identification, named_match

OPTIONS = RecognitionOptions(draws=20)
SQUARE = ((10.0, 10.0), (60.0, 10.0), (60.0, 60.0), (10.0, 60.0))


class GroceryOracle:
    """Knows the photos by their bytes; leaves one product out."""

    def __init__(self, data: Path, blind: str = "") -> None:
        self._truth = {
            load_picture(query.path).tobytes(): query.truth
            for query in read_dataset(data).queries
            if query.truth != blind
        }
        self.whole = 0

    def identify(self, image: NDArray[np.uint8], *, whole_image: bool = False) -> Identification:
        self.whole += whole_image
        truth = self._truth.get(image.tobytes())
        outline = np.array(SQUARE, np.float32)
        return identification(
            named_match(truth, 0.95, outline) if truth else named_match(None, 0.0)
        )


def test_all_three_methods_are_measured_in_one_run(recognition_data: Path) -> None:
    oracle = GroceryOracle(recognition_data)
    result = measure_recognition(read_dataset(recognition_data), lambda _: oracle, OPTIONS)
    methods = {method.method: method.score for method in result.methods}
    assert list(methods) == ["skulens", "skulens --whole-image", "baseline"]
    assert methods["skulens"].top1.value == 1.0
    assert methods["baseline"].top1.value > 0.9
    assert oracle.whole == 16


def test_a_product_that_is_never_named_lowers_the_top1(recognition_data: Path) -> None:
    oracle = GroceryOracle(recognition_data, blind="p2")
    options = RecognitionOptions(whole_image=False, baseline=False, draws=20)
    result = measure_recognition(read_dataset(recognition_data), lambda _: oracle, options)
    assert result.methods[0].score.top1.value == pytest.approx(2 / 3)


def test_the_catalog_is_built_from_the_data_sets_references(recognition_data: Path) -> None:
    seen: list[Path] = []

    def build(catalog: Path) -> GroceryOracle:
        seen.append(catalog)
        return GroceryOracle(recognition_data)

    options = RecognitionOptions(baseline=False, draws=5)
    measure_recognition(read_dataset(recognition_data), build, options)
    assert seen == [recognition_data / "catalog"]


def test_groups_are_scored_apart_together_with_the_unknown(recognition_data: Path) -> None:
    write_truth(recognition_data, {"p2": "unseen"}, {})
    oracle = GroceryOracle(recognition_data, blind="p2")
    options = RecognitionOptions(baseline=False, draws=20)
    result = measure_recognition(read_dataset(recognition_data), lambda _: oracle, options)
    unseen = result.methods[0].groups["unseen"]
    assert unseen.top1.value == 0.0
    assert (unseen.known, unseen.unknown) == (4, 4)


def test_outlines_are_compared_with_labelled_corners(recognition_data: Path) -> None:
    write_truth(recognition_data, {}, {"p0/0.png": SQUARE, "p2/0.png": SQUARE})
    oracle = GroceryOracle(recognition_data, blind="p2")
    options = RecognitionOptions(baseline=False, draws=20)
    result = measure_recognition(read_dataset(recognition_data), lambda _: oracle, options)
    corners = result.methods[0].corners
    assert corners is not None
    assert (corners.pictures, corners.labelled) == (1, 2)
    assert corners.p90 == float("inf")


def test_it_does_not_matter_which_corner_comes_first() -> None:
    turned = np.roll(np.array(SQUARE), 1, axis=0)
    assert outline_distance(turned, SQUARE) == 0.0
    assert outline_distance(np.add(SQUARE, (3.0, 4.0)), SQUARE) == pytest.approx(5.0)


def test_progress_is_reported_for_each_method(recognition_data: Path) -> None:
    reports: list[tuple[str, int, int]] = []
    options = RecognitionOptions(limit=4, whole_image=False, baseline=False, draws=5)
    measure_recognition(
        read_dataset(recognition_data),
        lambda _: GroceryOracle(recognition_data),
        options,
        lambda *step: reports.append(step),
    )
    assert reports == [("skulens", done, 4) for done in range(5)]


def test_two_workers_give_the_same_answers_as_one(recognition_data: Path) -> None:
    dataset = read_dataset(recognition_data)
    answers = []
    for workers in (1, 2):
        options = RecognitionOptions(workers=workers, whole_image=False, draws=5)
        result = measure_recognition(dataset, lambda _: GroceryOracle(recognition_data), options)
        answers.append([[(a.named, a.probability) for a in m.answers] for m in result.methods])
    assert answers[0] == answers[1]


@pytest.mark.parametrize(("workers", "limit"), [(0, None), (3, None), (1, 0)])
def test_options_out_of_range_are_refused(workers: int, limit: int | None) -> None:
    with pytest.raises(ValueError, match="must be"):
        RecognitionOptions(workers=workers, limit=limit)


def test_the_result_becomes_json_and_a_table(recognition_data: Path) -> None:
    result = measure_recognition(
        read_dataset(recognition_data), lambda _: GroceryOracle(recognition_data), OPTIONS
    )
    record = result.to_json()
    assert record["methods"][0]["top1"]["value"] == 1.0
    assert set(record["methods"][0]["shortlist_recall"]) == {"5", "10", "20"}
    table = result.table()
    assert [row[0] for row in table.rows] == ["skulens", "skulens --whole-image", "baseline"]
    assert all(len(row) == len(table.columns) for row in table.rows)
