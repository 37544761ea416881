"""Contact sheets of what networks are trained on."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from matcher.imaging.box import Box
from tests.matcher.prints import WEIGHTS
from tests.training.finetune.test_embedder import EMBED, products
from training.data.sources import TrainingData
from training.detector.scenes import Scene
from training.errors import TrainingError
from training.finetune.metrics import find_nearest_others
from training.release.preview import (
    draw_boxes,
    draw_catalog_sheets,
    draw_data_sheets,
    lay_out_sheet,
    write_sheet,
)
from training.superglue.front_ends import FrontEndChoice, FrontEndKind


def test_pictures_of_any_shape_stand_in_rows() -> None:
    tiles = [np.full((40, 80, 3), 7, np.uint8), np.full((200, 50, 3), 9, np.uint8)] * 5
    page = lay_out_sheet(tiles)
    assert page.shape == (2 * 164 + 4, 8 * 164 + 4, 3)
    assert {7, 9, 255} == set(np.unique(page).tolist())


def test_a_box_is_drawn_where_it_is_and_the_scene_stays_as_it_was() -> None:
    scene = Scene(np.zeros((60, 60, 3), np.uint8), (Box(10, 10, 40, 40),))
    drawn = draw_boxes(scene)
    assert drawn[10, 25].any()
    assert not drawn[25, 25].any()
    assert not scene.image.any()


def test_nothing_to_look_at_and_nowhere_to_write_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="nothing to look at"):
        lay_out_sheet([])
    (tmp_path / "page.png").mkdir()
    with pytest.raises(TrainingError, match="cannot write"):
        write_sheet(lay_out_sheet([np.zeros((8, 8, 3), np.uint8)]), tmp_path / "page.png")


def test_a_catalog_has_a_sheet_for_detector_and_embedder(tmp_path: Path) -> None:
    own = products(2)
    pages = dict(draw_catalog_sheets(own, find_nearest_others(own, EMBED), 32, 0))
    assert set(pages) == {"detector", "embedder"}
    write_sheet(pages["detector"], tmp_path / "sheets" / "detector.png")
    assert cv2.imread(str(tmp_path / "sheets" / "detector.png")) is not None


def test_the_data_folder_has_a_sheet_for_every_network(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.embedder.train._FAMILIES", 4)
    choice = FrontEndChoice(FrontEndKind.ROOTSIFT, WEIGHTS, tmp_path)
    pages = dict(draw_data_sheets(TrainingData.open(tiny_data), tmp_path, choice, 0))
    assert set(pages) == {"detector", "embedder", "superpoint", "superglue", "comparator"}
    assert all(page.min() < 255 for page in pages.values())
