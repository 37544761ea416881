"""Adapting the detector to one catalog: scenes of its products, photos that somebody labelled."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from safetensors.torch import save_file

from matcher.networks.weights import Network, Weights
from matcher.networks.yolo import build_yolov5n
from tests.training.finetune.test_embedder import products
from training.data.backgrounds import draw_backgrounds
from training.errors import TrainingError
from training.finetune.detector import (
    DetectorFinetuneOptions,
    FinetunedDetector,
    finetune_detector,
    read_labelled_photos,
)
from training.loop.export import to_half_precision
from training.loop.trainer import RunOptions


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    path = tmp_path_factory.mktemp("weights") / "detector.safetensors"
    save_file(to_half_precision(build_yolov5n().state_dict()), path)
    return Weights.of_file(Network.DETECTOR, path, {"input_size": 64, "confidence": 0.05})


def write_photo(folder: Path, labels: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / "photo.png"), np.full((60, 80, 3), 90, np.uint8))
    (folder / "photo.txt").write_text(labels)


@pytest.mark.usefixtures("one_thread")
def test_scenes_of_the_catalog_are_measured_before_and_after(
    weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.finetune.detector._SCENES", 2)
    monkeypatch.setattr("training.finetune.detector._PACKAGES", 4)
    write_photo(tmp_path / "photos", "0 0.5 0.5 0.5 0.5\n")
    run = RunOptions(tmp_path / "out", tmp_path / "out", 0.001, report_seconds=1.0)
    options = DetectorFinetuneOptions(run, weights, tmp_path / "photos")
    adapted = finetune_detector(products(2), options, lambda _: None, draw_backgrounds(4, 0))
    names = {"ap50", "recall", "others_ap50", "photos_ap50", "photos_recall"}
    assert set(adapted.before) == set(adapted.after) == names
    assert adapted.checkpoint.exists()


def test_weights_of_another_network_are_refused(weights: Weights, tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"strange": next(iter(build_yolov5n().parameters()))}, path)
    other = Weights.of_file(weights.network, path, {"input_size": 64})
    run = RunOptions(tmp_path / "out", tmp_path / "out", 0.001)
    with pytest.raises(TrainingError, match="our own detector"):
        finetune_detector(products(2), DetectorFinetuneOptions(run, other), lambda _: None)


def test_photos_are_read_with_the_labels_beside_them(tmp_path: Path) -> None:
    write_photo(tmp_path, "0 0.5 0.5 0.5 0.5\n3 0.25 0.25 0.5 0.5\n")
    (photo,) = read_labelled_photos(tmp_path)
    assert photo.image.shape == (60, 80, 3)
    box = photo.boxes[0]
    assert (box.left, box.top, box.right, box.bottom) == (20, 15, 60, 45)
    assert len(photo.boxes) == 2


def test_photos_without_labels_or_with_broken_ones_are_refused(tmp_path: Path) -> None:
    write_photo(tmp_path / "broken", "0 0.5 half 0.5 0.5\n")
    with pytest.raises(TrainingError, match="class x y width height"):
        read_labelled_photos(tmp_path / "broken")
    (tmp_path / "broken" / "photo.txt").unlink()
    with pytest.raises(TrainingError, match="no photo"):
        read_labelled_photos(tmp_path / "broken")
    with pytest.raises(TrainingError, match="missing"):
        read_labelled_photos(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("after", "better"),
    [
        ({"ap50": 0.6, "others_ap50": 0.5}, True),
        ({"ap50": 0.5, "others_ap50": 0.5}, False),
        ({"ap50": 0.9, "others_ap50": 0.4}, False),
    ],
)
def test_worse_is_what_gains_nothing_or_forgets_much(
    tmp_path: Path, after: dict[str, float], better: bool
) -> None:
    before = {"ap50": 0.5, "others_ap50": 0.5}
    assert FinetunedDetector(tmp_path, before, after).is_better is better


def test_where_photos_are_labelled_they_decide(tmp_path: Path) -> None:
    before = {"ap50": 0.5, "others_ap50": 0.5, "photos_ap50": 0.5}
    after = {"ap50": 0.9, "others_ap50": 0.5, "photos_ap50": 0.4}
    assert not FinetunedDetector(tmp_path, before, after).is_better
