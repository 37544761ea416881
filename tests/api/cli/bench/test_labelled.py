"""Which pictures the detector is measured on, and beside what."""

from pathlib import Path

import pytest

from api.cli.bench.labelled import detectors_under_test, labelled_sets
from bench.detection.detector import Labels
from matcher.detection.proposals import PrintDetector
from tests.training import miniature
from training.data.sources import is_held_out
from training.errors import TrainingError


def test_only_held_out_pictures_are_measured_on(tmp_path: Path) -> None:
    miniature.build(tmp_path / "data")
    drinks, cartons, shops = labelled_sets(tmp_path / "data", tmp_path / "cache")
    assert (drinks.labels, cartons.labels, shops.labels) == (Labels.ALL, Labels.ONE, Labels.SOME)
    assert drinks.pictures
    assert all(is_held_out(picture.path.stem) for picture in drinks.pictures)
    assert {picture.path.parent.name for picture in cartons.pictures} <= {*miniature.HELD_OUT}
    assert [picture.path.name for picture in shops.pictures] == ["shelf.jpg"]
    again = labelled_sets(tmp_path / "data", tmp_path / "cache")[1]
    assert [picture.path for picture in again.pictures] == [
        picture.path for picture in cartons.pictures
    ]


def test_without_the_pictures_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="missing"):
        labelled_sets(tmp_path, tmp_path)


def test_where_proposals_serve_they_are_measured_alone() -> None:
    (alone,) = detectors_under_test(PrintDetector())
    assert alone.name == "training-free proposals"
