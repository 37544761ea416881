"""Recognition data in folders."""

from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.recognition.dataset import read_dataset, write_truth
from tests.bench.scenery import printed, write_picture


def test_folders_give_references_photos_and_unknowns(recognition_data: Path) -> None:
    dataset = read_dataset(recognition_data)
    assert list(dataset.references()) == ["p0", "p1", "p2"]
    truths = [query.truth for query in dataset.queries]
    assert truths.count("p1") == 4
    assert truths.count(None) == 4


def test_a_photo_of_a_product_without_reference_is_refused(recognition_data: Path) -> None:
    write_picture(recognition_data / "queries" / "stray" / "0.png", printed(9))
    with pytest.raises(BenchError, match="without a folder"):
        read_dataset(recognition_data)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="catalog"):
        read_dataset(tmp_path)


def test_empty_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "catalog").mkdir()
    (tmp_path / "queries").mkdir()
    with pytest.raises(BenchError, match="no picture"):
        read_dataset(tmp_path)


def test_a_subset_keeps_every_product_in_its_share_and_is_seeded(recognition_data: Path) -> None:
    dataset = read_dataset(recognition_data)
    subset = dataset.subset(8, seed=1)
    assert len(subset.queries) == 8
    for truth in ("p0", "p1", "p2", None):
        assert sum(query.truth == truth for query in subset.queries) == 2
    assert subset == dataset.subset(8, seed=1)
    assert subset != dataset.subset(8, seed=2)


def test_a_limit_above_the_number_of_photos_keeps_all(recognition_data: Path) -> None:
    dataset = read_dataset(recognition_data)
    assert dataset.subset(999, seed=0) == dataset
    assert dataset.subset(None, seed=0) == dataset


def test_groups_and_outlines_may_be_added(recognition_data: Path) -> None:
    corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    write_truth(recognition_data, {"p1": "unseen"}, {"p1/0.png": corners})
    queries = read_dataset(recognition_data).queries
    assert {query.truth for query in queries if "unseen" in query.groups} == {"p1"}
    assert [query.outline for query in queries if query.outline] == [corners]


def test_malformed_additions_are_refused(recognition_data: Path) -> None:
    (recognition_data / "truth.json").write_text("{}")
    with pytest.raises(BenchError, match="malformed"):
        read_dataset(recognition_data)
