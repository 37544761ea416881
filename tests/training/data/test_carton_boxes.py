"""Boxes of cartons in their photos, located once."""

from pathlib import Path

import pytest

from tests.training.miniature import HELD_OUT, LEFT_OUT, TRAINED
from training.data import carton_boxes
from training.data.carton_boxes import locate_cartons
from training.data.sources import TrainingData


def test_located_boxes_are_kept_and_read_again(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, kept = TrainingData.open(tiny_data), tmp_path / "run" / "located.json"
    located = locate_cartons(data, kept)
    assert located
    monkeypatch.setattr(carton_boxes, "CartonLocator", None)
    again = locate_cartons(data, kept)
    assert again.keys() == located.keys()
    for path, box in again.items():
        assert box.left == pytest.approx(located[path].left, abs=0.06)
        assert box.bottom == pytest.approx(located[path].bottom, abs=0.06)


def test_only_cartons_that_are_not_left_out_are_located(tiny_data: Path, tmp_path: Path) -> None:
    located = locate_cartons(TrainingData.open(tiny_data), tmp_path / "located.json")
    products = {path.parent.name for path in located}
    assert products <= {*TRAINED, *HELD_OUT}
    assert not products & set(LEFT_OUT)
