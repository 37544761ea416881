from pathlib import Path

import numpy as np
import pytest
import torch

from matcher.imaging.box import Box
from matcher.networks.yolo import build_yolov5n
from training.data.carton_boxes import locate_cartons
from training.data.sources import TrainingData
from training.detector.data import (
    BoxedPicture,
    DetectionSampler,
    DetectionSets,
    crop_around_first_box,
)
from training.detector.scenes import Scene
from training.detector.train import DetectorTrainer, detect_boxes, measure_detector
from training.loop.trainer import RunOptions


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> DetectorTrainer:
    out = tmp_path_factory.mktemp("out")
    return DetectorTrainer(RunOptions(out, out, minutes=1.0), DetectionSets((), ()))


def scene(*boxes: Box) -> Scene:
    image = np.full((64, 64, 3), 90, np.uint8)
    for box in boxes:
        box.crop(image)[:] = 240
    return Scene(image, boxes)


def test_the_loss_is_finite_with_and_without_boxes(run: DetectorTrainer) -> None:
    for scenes in ([scene(Box(10, 10, 40, 50)), scene()], [scene(), scene()]):
        loss = run.loss_of(scenes)
        assert bool(loss.isfinite())


def test_a_few_steps_on_one_scene_lower_its_loss(run: DetectorTrainer) -> None:
    scenes = [scene(Box(8, 8, 40, 56)), scene(Box(20, 4, 60, 40))]
    run.net.train()
    optimizer = torch.optim.AdamW(run.net.parameters(), lr=1e-3)
    losses = []
    for _ in range(8):
        loss = run.loss_of(scenes)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


def test_found_boxes_lie_in_the_picture() -> None:
    image = np.random.default_rng(0).integers(0, 255, (90, 150, 3), np.uint8)
    for found in detect_boxes(build_yolov5n(), image, side=96):
        assert 0 <= found.box.left <= found.box.right <= 150
        assert 0 <= found.box.top <= found.box.bottom <= 90
        assert 0 <= found.confidence <= 1


def test_nothing_to_measure_gives_zeros() -> None:
    figures = measure_detector(build_yolov5n(), DetectionSets((), ()), "cpu")
    assert set(figures.values()) == {0.0}


def test_training_scenes_come_from_every_source(tiny_data: Path, tmp_path: Path) -> None:
    data = TrainingData.open(tiny_data)
    located = {
        data.photos("Alpha-Juice")[0]: Box(20, 20, 120, 200),
        **locate_cartons(data, tmp_path / "located.json"),
    }
    sampler = DetectionSampler(data, located, np.random.default_rng(0))
    scenes = [sampler.scene(64) for _ in range(30)]
    assert all(one.image.shape == (64, 64, 3) for one in scenes)
    assert any(one.boxes for one in scenes)


def test_a_cut_around_a_box_keeps_it_in_place() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    image[40:60, 30:50] = 255
    cut = crop_around_first_box(BoxedPicture(image, (Box(30, 40, 50, 60),)), 0.5, 0.5, 0.5, 0.5)
    assert cut.image.shape == (40, 40, 3)
    assert cut.boxes[0].crop(cut.image).min() == 255
